// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"bytes"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
)

const (
	release   = "redis-sentinel-webhook"
	namespace = "redis-sentinel-system"
)

var folder = filepath.Join("..", "..", "charts", release)

// helm runs helm template with further arguments and returns what it printed.
func helm(t *testing.T, arguments ...string) ([]byte, error) {
	t.Helper()
	if _, err := exec.LookPath("helm"); err != nil {
		t.Fatal("helm is not on PATH, `make chart` builds it: ", err)
	}
	// A helm that was built with go install takes Kubernetes for older than it is.
	fixed := []string{"template", release, folder, "-n", namespace, "--kube-version", "1.36.0"}
	command := exec.CommandContext(t.Context(), "helm", append(fixed, arguments...)...)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		return nil, errors.New(stderr.String())
	}
	return out, nil
}

// rendered are the objects of one rendering.
type rendered []unstructured.Unstructured

func render(t *testing.T, arguments ...string) rendered {
	t.Helper()
	text, err := helm(t, arguments...)
	if err != nil {
		t.Fatal(err)
	}
	var out rendered
	for decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), 4096); ; {
		var object unstructured.Unstructured
		err := decoder.Decode(&object.Object)
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		if object.Object != nil {
			out = append(out, object)
		}
	}
}

// find decodes the object of that kind and name; unknown fields are a failure, because the API server drops them.
func find[T any](t *testing.T, objects rendered, kind, name string) T {
	t.Helper()
	var into T
	for _, object := range objects {
		if object.GetKind() != kind || object.GetName() != name {
			continue
		}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(object.Object, &into, true); err != nil {
			t.Fatalf("%s %s: %v", kind, name, err)
		}
		return into
	}
	t.Fatalf("no %s %s is rendered", kind, name)
	return into
}

// has reports whether such an object is rendered.
func has(objects rendered, kind, name string) bool {
	for _, object := range objects {
		if object.GetKind() == kind && object.GetName() == name {
			return true
		}
	}
	return false
}
