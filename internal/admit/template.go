// SPDX-License-Identifier: Apache-2.0

package admit

import (
	"encoding/json"
	"fmt"
	"maps"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// TemplatePod is a pod as a StatefulSet's controller would send it.
type TemplatePod struct {
	Namespace, Name string
	// Raw is the pod in JSON.
	Raw []byte
}

// looseSet is a StatefulSet of which we understand what we need, and keep the rest as it was written.
type looseSet struct {
	Metadata struct {
		Namespace string `json:"namespace"`
		Name      string `json:"name"`
		UID       string `json:"uid"`
	} `json:"metadata"`
	Spec struct {
		Template struct {
			Metadata map[string]json.RawMessage `json:"metadata"`
			Spec     map[string]json.RawMessage `json:"spec"`
		} `json:"template"`
		VolumeClaimTemplates []corev1.PersistentVolumeClaim `json:"volumeClaimTemplates"`
	} `json:"spec"`
}

// PodOf returns the pod that the StatefulSet (in JSON) makes for an ordinal, before any admission.
func PodOf(statefulSet []byte, ordinal int) (TemplatePod, error) {
	var set looseSet
	if err := json.Unmarshal(statefulSet, &set); err != nil {
		return TemplatePod{}, fmt.Errorf("reading a StatefulSet: %w", err)
	}
	name := set.Metadata.Name + "-" + strconv.Itoa(ordinal)
	meta := maps.Clone(set.Spec.Template.Metadata)
	if meta == nil {
		meta = map[string]json.RawMessage{}
	}
	delete(meta, "creationTimestamp")
	labels, err := podLabels(meta["labels"], name, ordinal)
	if err != nil {
		return TemplatePod{}, err
	}
	spec, err := podSpec(set, name)
	if err != nil {
		return TemplatePod{}, err
	}
	owner := map[string]any{
		"apiVersion": appsv1.SchemeGroupVersion.String(), "kind": "StatefulSet", "name": set.Metadata.Name, "uid": set.Metadata.UID,
		"controller": true, "blockOwnerDeletion": true,
	}
	for field, value := range map[string]any{
		"namespace": set.Metadata.Namespace, "name": name, "labels": labels, "ownerReferences": []any{owner},
	} {
		if meta[field], err = json.Marshal(value); err != nil {
			return TemplatePod{}, fmt.Errorf("encoding metadata.%s of pod %s: %w", field, name, err)
		}
	}
	raw, err := json.Marshal(map[string]any{"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec})
	if err != nil {
		return TemplatePod{}, fmt.Errorf("encoding pod %s: %w", name, err)
	}
	return TemplatePod{Namespace: set.Metadata.Namespace, Name: name, Raw: raw}, nil
}

func podLabels(written json.RawMessage, name string, ordinal int) (map[string]string, error) {
	labels := map[string]string{}
	if len(written) > 0 {
		if err := json.Unmarshal(written, &labels); err != nil {
			return nil, fmt.Errorf("reading the labels of a template: %w", err)
		}
	}
	if labels == nil {
		labels = map[string]string{}
	}
	labels[appsv1.StatefulSetPodNameLabel] = name
	labels[appsv1.PodIndexLabel] = strconv.Itoa(ordinal)
	return labels, nil
}

// podSpec adds the volumes of the claim templates. Like the controller, it drops a volume that has a claim's name.
func podSpec(set looseSet, name string) (map[string]json.RawMessage, error) {
	spec := maps.Clone(set.Spec.Template.Spec)
	if spec == nil {
		spec = map[string]json.RawMessage{}
	}
	spec["hostname"], _ = json.Marshal(name)
	if len(set.Spec.VolumeClaimTemplates) == 0 {
		return spec, nil
	}
	var written []json.RawMessage
	if len(spec["volumes"]) > 0 {
		if err := json.Unmarshal(spec["volumes"], &written); err != nil {
			return nil, fmt.Errorf("reading the volumes of a template: %w", err)
		}
	}
	claims := map[string]bool{}
	var volumes []any
	for _, claim := range set.Spec.VolumeClaimTemplates {
		claims[claim.Name] = true
		volumes = append(volumes, corev1.Volume{Name: claim.Name, VolumeSource: corev1.VolumeSource{
			PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claim.Name + "-" + name},
		}})
	}
	for _, volume := range written {
		var named struct {
			Name string `json:"name"`
		}
		if err := json.Unmarshal(volume, &named); err != nil {
			return nil, fmt.Errorf("reading a volume of a template: %w", err)
		}
		if !claims[named.Name] {
			volumes = append(volumes, volume)
		}
	}
	out, err := json.Marshal(volumes)
	if err != nil {
		return nil, fmt.Errorf("encoding the volumes of pod %s: %w", name, err)
	}
	spec["volumes"] = out
	return spec, nil
}

// WithTemplateOf returns the StatefulSet (in JSON) with the labels, annotations and spec of one of its pods as template,
// without what the controller adds to every pod.
func WithTemplateOf(statefulSet, pod []byte) ([]byte, error) {
	var set, injected map[string]any
	if err := json.Unmarshal(statefulSet, &set); err != nil {
		return nil, fmt.Errorf("reading a StatefulSet: %w", err)
	}
	if err := json.Unmarshal(pod, &injected); err != nil {
		return nil, fmt.Errorf("reading a pod: %w", err)
	}
	meta, _ := injected["metadata"].(map[string]any)
	for _, field := range []string{"name", "namespace", "ownerReferences"} {
		delete(meta, field)
	}
	if labels, ok := meta["labels"].(map[string]any); ok {
		delete(labels, appsv1.StatefulSetPodNameLabel)
		delete(labels, appsv1.PodIndexLabel)
	}
	podSpec, _ := injected["spec"].(map[string]any)
	delete(podSpec, "hostname")
	spec, _ := set["spec"].(map[string]any)
	if volumes, ok := podSpec["volumes"].([]any); ok {
		podSpec["volumes"] = withoutClaims(volumes, spec["volumeClaimTemplates"])
	}
	spec["template"] = map[string]any{"metadata": meta, "spec": podSpec}
	out, err := json.Marshal(set)
	if err != nil {
		return nil, fmt.Errorf("encoding a StatefulSet: %w", err)
	}
	return out, nil
}

// withoutClaims drops the volumes that stand for claim templates.
func withoutClaims(volumes []any, templates any) []any {
	claims := map[any]bool{}
	list, _ := templates.([]any)
	for _, template := range list {
		if meta, ok := nested(template, "metadata"); ok {
			claims[meta["name"]] = true
		}
	}
	var out []any
	for _, volume := range volumes {
		named, ok := volume.(map[string]any)
		if ok && !claims[named["name"]] {
			out = append(out, volume)
		}
	}
	return out
}

func nested(object any, field string) (map[string]any, bool) {
	parent, _ := object.(map[string]any)
	found, ok := parent[field].(map[string]any)
	return found, ok
}
