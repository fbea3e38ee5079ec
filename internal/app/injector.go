// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	jsonpatch "github.com/evanphx/json-patch/v5"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/admit"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/mutate"
)

// injector answers as the server would, for the objects of a file.
type injector struct {
	reviewer admit.Reviewer
	// namespace of objects that name none.
	namespace string
	stderr    io.Writer
}

// stream handles one YAML document after the other.
func (in injector) stream(ctx context.Context, from io.Reader, to io.Writer) error {
	documents := utilyaml.NewYAMLReader(bufio.NewReader(from))
	for first := true; ; {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading objects: %w", err)
		}
		raw, err := yaml.YAMLToJSON(document)
		if err != nil {
			return fmt.Errorf("reading an object: %w", err)
		}
		if bytes.Equal(raw, []byte("null")) {
			continue
		}
		out, err := in.object(ctx, raw)
		if err != nil {
			return err
		}
		text, err := yaml.JSONToYAML(out)
		if err != nil {
			return fmt.Errorf("writing an object: %w", err)
		}
		if !first {
			text = append([]byte("---\n"), text...)
		}
		first = false
		if _, err := to.Write(text); err != nil {
			return fmt.Errorf("writing an object: %w", err)
		}
	}
}

// object leaves alone what is neither pod nor StatefulSet, and so reads no more of it than it needs to know that.
func (in injector) object(ctx context.Context, raw []byte) ([]byte, error) {
	var header struct {
		Kind     string `json:"kind"`
		Metadata struct {
			Namespace string `json:"namespace"`
		} `json:"metadata"`
	}
	if err := json.Unmarshal(raw, &header); err != nil {
		return nil, fmt.Errorf("reading an object: %w", err)
	}
	namespace := cmp.Or(header.Metadata.Namespace, in.namespace)
	switch header.Kind {
	case "Pod":
		return in.pod(ctx, namespace, raw, nil)
	case "StatefulSet":
		return in.statefulSet(ctx, namespace, raw)
	}
	return raw, nil
}

// pod injects a pod; setAnnotations are those of its StatefulSet, where that is known.
func (in injector) pod(ctx context.Context, namespace string, raw []byte, setAnnotations map[string]string) ([]byte, error) {
	pod, err := mutate.DecodePod(raw)
	if err != nil {
		return nil, fmt.Errorf("reading a Pod: %w", err)
	}
	name := cmp.Or(pod.Name, strings.TrimSuffix(pod.GenerateName, "-"))
	result, err := in.reviewer.Pod(ctx, admit.PodRequest{Namespace: namespace, Name: name, Pod: pod, SetAnnotations: setAnnotations})
	if err != nil {
		return nil, err
	}
	return in.apply("Pod "+namespace+"/"+name, raw, result)
}

// statefulSet stamps the object, and injects its template as its first pod would be.
func (in injector) statefulSet(ctx context.Context, namespace string, raw []byte) ([]byte, error) {
	set, err := mutate.DecodeStatefulSet(raw)
	if err != nil {
		return nil, fmt.Errorf("reading a StatefulSet: %w", err)
	}
	result, err := in.reviewer.StatefulSet(ctx, admit.SetRequest{Namespace: namespace, Set: set})
	if err != nil {
		return nil, err
	}
	stamped, err := in.apply("StatefulSet "+namespace+"/"+set.Name, raw, result)
	if err != nil {
		return nil, err
	}
	first, err := admit.PodOf(stamped, 0)
	if err != nil {
		return nil, err
	}
	injected, err := in.pod(ctx, namespace, first.Raw, set.Annotations)
	if err != nil {
		return nil, err
	}
	return admit.WithTemplateOf(stamped, injected)
}

// apply carries out the result for the named object. A refusal is an error.
func (in injector) apply(name string, raw []byte, result mutate.Result) ([]byte, error) {
	for _, warning := range result.Warnings {
		fmt.Fprintf(in.stderr, "warning: %s: %s\n", name, warning)
	}
	if result.Denied != "" {
		return nil, fmt.Errorf("%s would be refused (%s): %s", name, result.Reason, result.Denied)
	}
	fmt.Fprintf(in.stderr, "%s: %s\n", name, result.Reason)
	text, err := result.PatchJSON()
	if err != nil || text == nil {
		return raw, err
	}
	patch, err := jsonpatch.DecodePatch(text)
	if err != nil {
		return nil, fmt.Errorf("%s: reading the patch: %w", name, err)
	}
	out, err := patch.Apply(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: applying the patch: %w", name, err)
	}
	return out, nil
}
