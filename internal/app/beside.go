// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/admit"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/redisconf"
)

// beside is what lies in the files beside StatefulSets and pods: the texts of ConfigMaps and Secrets, by namespace, name and key, and the
// labels of Namespaces.
type beside struct {
	configMaps, secrets map[string]map[string]string
	namespaces          map[string]map[string]string
	services            map[string][]corev1.Service
}

// besides finds them, in lists too.
func besides(objects []json.RawMessage, namespace string) beside {
	b := beside{configMaps: map[string]map[string]string{}, secrets: map[string]map[string]string{}, namespaces: map[string]map[string]string{}, services: map[string][]corev1.Service{}}
	for _, o := range objects {
		b.add(o, namespace)
	}
	return b
}

func (b beside) add(raw json.RawMessage, namespace string) {
	h := headerOf(raw)
	if items, ok := itemsOf(h, raw); ok {
		for _, item := range items {
			b.add(item, namespace)
		}
		return
	}
	key := h.namespaceOr(namespace) + "/" + h.Metadata.Name
	switch h.Kind {
	case "Namespace":
		b.namespaces[h.Metadata.Name] = h.Metadata.Labels
	case "ConfigMap":
		var c corev1.ConfigMap
		if json.Unmarshal(raw, &c) == nil { // what is none is said where it is looked at as an object
			b.configMaps[key] = c.Data
		}
	case "Service":
		var s corev1.Service
		if json.Unmarshal(raw, &s) == nil {
			of := h.namespaceOr(namespace)
			b.services[of] = append(b.services[of], s)
		}
	case "Secret":
		var s corev1.Secret
		if json.Unmarshal(raw, &s) == nil {
			data := maps.Clone(s.StringData)
			if data == nil {
				data = map[string]string{}
			}
			for name, text := range s.Data {
				data[name] = string(text)
			}
			b.secrets[key] = data
		}
	}
}

// namespaceLabels are those of a Namespace in the files, and those that every namespace has.
func (b beside) namespaceLabels(every map[string]string) admit.Labels {
	return func(_ context.Context, namespace string) (map[string]string, error) {
		labels := maps.Clone(every)
		maps.Copy(labels, b.namespaces[namespace])
		return labels, nil
	}
}

// objections are what an injected pod's agent will object to in the user's own configuration, as far as it lies in the files.
func (b beside) objections(namespace string, pod *corev1.Pod) []string {
	at := slices.IndexFunc(pod.Spec.InitContainers, func(c corev1.Container) bool { return c.Name == contract.AgentContainer })
	if at < 0 {
		return nil
	}
	agent := pod.Spec.InitContainers[at]
	set := slices.IndexFunc(agent.Env, func(e corev1.EnvVar) bool { return e.Name == contract.EnvSettings })
	if set < 0 {
		return nil
	}
	settings, err := contract.DecodeSettings(agent.Env[set].Value)
	if err != nil || settings.Redis == nil || settings.Redis.Include == "" {
		return nil
	}
	text, ok := b.read(namespace, pod, agent.VolumeMounts, settings.Redis.Include)
	if !ok {
		return nil
	}
	var all []string
	for _, o := range redisconf.Objections(settings.Redis.Include, text, settings.Port) {
		all = append(all, o.String())
	}
	if users := redisconf.Values(text)["aclfile"]; users != "" && path.IsAbs(users) && !isMounted(agent.VolumeMounts, users) {
		all = append(all, fmt.Sprintf("%s: aclfile %s is on no volume that the agent can mount, so that no client may enter: mount it from a Secret", settings.Redis.Include, users))
	}
	return all
}

// isMounted reports whether a file lies in one of these mounts.
func isMounted(mounts []corev1.VolumeMount, file string) bool {
	return slices.ContainsFunc(mounts, func(m corev1.VolumeMount) bool {
		rest, ok := strings.CutPrefix(path.Clean(file), path.Clean(m.MountPath))
		return ok && (rest == "" || rest[0] == '/')
	})
}

// read is a file of a container, where it comes from a ConfigMap or Secret of the files.
func (b beside) read(namespace string, pod *corev1.Pod, mounts []corev1.VolumeMount, file string) (string, bool) {
	for _, m := range mounts {
		rest, below := strings.CutPrefix(path.Clean(file), path.Clean(m.MountPath))
		if !below || rest != "" && rest[0] != '/' {
			continue
		}
		key := path.Join(m.SubPath, strings.TrimPrefix(rest, "/"))
		for _, v := range pod.Spec.Volumes {
			switch {
			case v.Name != m.Name:
			case v.ConfigMap != nil:
				return item(b.configMaps[namespace+"/"+v.ConfigMap.Name], v.ConfigMap.Items, key)
			case v.Secret != nil:
				return item(b.secrets[namespace+"/"+v.Secret.SecretName], v.Secret.Items, key)
			case v.Projected != nil:
				return b.projected(namespace, v.Projected.Sources, key)
			}
		}
	}
	return "", false
}

// projected is the text below a path of a volume of several sources.
func (b beside) projected(namespace string, sources []corev1.VolumeProjection, at string) (text string, ok bool) {
	for _, s := range sources {
		switch {
		case s.ConfigMap != nil:
			text, ok = item(b.configMaps[namespace+"/"+s.ConfigMap.Name], s.ConfigMap.Items, at)
		case s.Secret != nil:
			text, ok = item(b.secrets[namespace+"/"+s.Secret.Name], s.Secret.Items, at)
		}
		if ok {
			return text, true
		}
	}
	return "", false
}

// item is the text below a path of a volume: a key, or where an item puts it.
func item(data map[string]string, items []corev1.KeyToPath, at string) (string, bool) {
	for _, i := range items {
		if i.Path == at {
			at = i.Key
			break
		}
	}
	text, ok := data[at]
	return text, ok
}
