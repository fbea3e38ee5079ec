// SPDX-License-Identifier: Apache-2.0

package app

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	jsonpatch "github.com/evanphx/json-patch/v5"
	corev1 "k8s.io/api/core/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/admit"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/mutate"
)

// injector answers as the server would, for the objects of files.
type injector struct {
	reviewer admit.Reviewer
	// namespace of objects that name none.
	namespace string
	beside    beside
	stderr    io.Writer
	// refused is how many objects would be.
	refused int
}

// header is what has to be known of any object.
type header struct {
	APIVersion string   `json:"apiVersion"`
	Kind       string   `json:"kind"`
	Metadata   metadata `json:"metadata"`
}

type metadata struct {
	Namespace   string            `json:"namespace"`
	Name        string            `json:"name"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

// headerOf is empty where the object is none.
func headerOf(raw []byte) header {
	var h header
	_ = json.Unmarshal(raw, &h) // whoever needs more of it says what is wrong
	return h
}

func (h header) namespaceOr(otherwise string) string { return cmp.Or(h.Metadata.Namespace, otherwise) }

func (h header) String() string {
	return strings.TrimPrefix(h.Metadata.Namespace+"/", "/") + h.Kind + "/" + h.Metadata.Name
}

// itemsOf are the objects of a list; false where it is none.
func itemsOf(h header, raw []byte) ([]json.RawMessage, bool) {
	var of struct {
		Items []json.RawMessage `json:"items"`
	}
	if !strings.HasSuffix(h.Kind, "List") || json.Unmarshal(raw, &of) != nil {
		return nil, false
	}
	return of.Items, true
}

// all answers for every object, and fails after the last where one would be refused: whoever mends the file hears of all.
func (in *injector) all(ctx context.Context, objects []json.RawMessage) ([]json.RawMessage, error) {
	var out []json.RawMessage
	for _, raw := range objects {
		changed, err := in.object(ctx, raw)
		if err != nil {
			return nil, err
		}
		out = append(out, changed)
	}
	if in.refused > 0 {
		return nil, fmt.Errorf("%d of these objects would be refused", in.refused)
	}
	return out, nil
}

// object leaves alone what is neither pod nor StatefulSet, and so reads no more of it than it needs to know that.
func (in *injector) object(ctx context.Context, raw json.RawMessage) (json.RawMessage, error) {
	h := headerOf(raw)
	if items, ok := itemsOf(h, raw); ok {
		return in.list(ctx, raw, items)
	}
	namespace := h.namespaceOr(in.namespace)
	switch h.Kind {
	case "Pod":
		return in.pod(ctx, namespace, raw, nil)
	case "StatefulSet":
		return in.statefulSet(ctx, namespace, raw)
	case "Deployment", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "CronJob":
		in.otherKind(namespace, h, raw)
	case "":
		return nil, fmt.Errorf("reading an object: it has no kind: %.60s", raw)
	}
	return raw, nil
}

// list keeps a list a list.
func (in *injector) list(ctx context.Context, raw json.RawMessage, items []json.RawMessage) (json.RawMessage, error) {
	var whole map[string]json.RawMessage
	if err := json.Unmarshal(raw, &whole); err != nil {
		return nil, fmt.Errorf("reading a list: %w", err)
	}
	for i := range items {
		var err error
		if items[i], err = in.object(ctx, items[i]); err != nil {
			return nil, err
		}
	}
	encoded, err := json.Marshal(items)
	if err != nil {
		return nil, fmt.Errorf("writing a list: %w", err)
	}
	whole["items"] = encoded
	out, err := json.Marshal(whole)
	if err != nil {
		return nil, fmt.Errorf("writing a list: %w", err)
	}
	return out, nil
}

// otherKind says what the chart's policies say of what makes pods and is no StatefulSet.
func (in *injector) otherKind(namespace string, h header, raw json.RawMessage) {
	type template struct {
		Metadata metadata `json:"metadata"`
	}
	var of struct {
		Spec struct {
			Template    template `json:"template"`
			JobTemplate struct {
				Spec struct {
					Template template `json:"template"`
				} `json:"spec"`
			} `json:"jobTemplate"`
		} `json:"spec"`
	}
	_ = json.Unmarshal(raw, &of) // an object that cannot be read has no label
	name := h.Kind + " " + namespace + "/" + h.Metadata.Name
	annotated := false
	for _, m := range []metadata{h.Metadata, of.Spec.Template.Metadata, of.Spec.JobTemplate.Spec.Template.Metadata} {
		if optIn, ok := m.Labels[contract.LabelOptIn]; ok && optIn != contract.OptInDisabled {
			in.refuse(name, mutate.DeniedNoStatefulSet, mutate.OtherKind(h.Kind))
			return
		}
		annotated = annotated || slices.ContainsFunc(slices.Collect(maps.Keys(m.Annotations)), func(key string) bool { return strings.HasPrefix(key, contract.Prefix) })
	}
	if annotated {
		in.warn(name, "redis-sentinel: annotations below "+contract.Prefix+" do nothing on a "+h.Kind+": only StatefulSets and their pods have them")
	}
}

func (in *injector) warn(name string, warnings ...string) {
	for _, warning := range warnings {
		kind := "warning"
		if note, ok := strings.CutPrefix(warning, "redis-sentinel: note: "); ok {
			kind, warning = "note", note
		}
		fmt.Fprintf(in.stderr, "%s: %s: %s\n", kind, name, strings.TrimPrefix(warning, "redis-sentinel: "))
	}
}

func (in *injector) refuse(name string, reason mutate.Reason, why string) {
	in.refused++
	fmt.Fprintf(in.stderr, "refused: %s (%s): %s\n", name, reason, why)
}

// pod injects a pod.
func (in *injector) pod(ctx context.Context, namespace string, raw json.RawMessage, of *admit.PodRequest) (json.RawMessage, error) {
	pod, err := mutate.DecodePod(raw)
	if err != nil {
		return nil, fmt.Errorf("reading a Pod: %w", err)
	}
	req := admit.PodRequest{Namespace: namespace, Name: cmp.Or(pod.Name, strings.TrimSuffix(pod.GenerateName, "-")), Pod: pod}
	if of != nil { // its StatefulSet was told all of it
		req.SetAnnotations, req.Replicas = of.SetAnnotations, of.Replicas
	}
	result, err := in.reviewer.Pod(ctx, req)
	if err != nil {
		return nil, err
	}
	name := "Pod " + namespace + "/" + req.Name
	if of == nil {
		in.warn(name, result.Warnings...)
	}
	in.warnOfFiles(name, namespace, pod)
	return in.apply(name, raw, result)
}

// warnOfFiles tells what will be wrong with files that lie beside: admission sees none, and the agent tells it later.
func (in *injector) warnOfFiles(name, namespace string, pod *corev1.Pod) {
	in.warn(name, in.beside.objections(namespace, pod)...)
}

// statefulSet stamps the object, and injects its template as its first pod would be.
func (in *injector) statefulSet(ctx context.Context, namespace string, raw json.RawMessage) (json.RawMessage, error) {
	set, err := mutate.DecodeStatefulSet(raw)
	if err != nil {
		return nil, fmt.Errorf("reading a StatefulSet: %w", err)
	}
	result, err := in.reviewer.StatefulSet(ctx, admit.SetRequest{Namespace: namespace, Set: set})
	if err != nil {
		return nil, err
	}
	name := "StatefulSet " + namespace + "/" + set.Name
	in.warn(name, result.Warnings...)
	if result.Newcomer != nil {
		in.warn(name, admit.AboutServices(namespace, result.Newcomer, in.beside.services[namespace])...)
	}
	stamped, err := in.apply(name, raw, result)
	if err != nil || result.Denied != "" {
		return stamped, err
	}
	first, err := admit.PodOf(stamped, 0)
	if err != nil {
		return nil, err
	}
	injected, err := in.pod(ctx, namespace, first.Raw, &admit.PodRequest{SetAnnotations: set.Annotations, Replicas: mutate.Replicas(set)})
	if err != nil {
		return nil, err
	}
	return admit.WithTemplateOf(stamped, injected)
}

// apply carries out the result for the named object; one that is refused stays as it is.
func (in *injector) apply(name string, raw json.RawMessage, result mutate.Result) (json.RawMessage, error) {
	if result.Denied != "" {
		in.refuse(name, result.Reason, result.Denied)
		return raw, nil
	}
	fmt.Fprintf(in.stderr, "%s: %s\n", name, result.Reason)
	if result.Patch == nil {
		return raw, nil
	}
	patch, err := jsonpatch.DecodePatch(result.Patch)
	if err != nil {
		return nil, fmt.Errorf("%s: reading the patch: %w", name, err)
	}
	out, err := patch.Apply(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: applying the patch: %w", name, err)
	}
	return out, nil
}
