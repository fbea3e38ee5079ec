// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"os/exec"
	"path/filepath"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/chart/rendering"
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
	return rendering.Template(t.Context(), "helm", release, folder, append([]string{"-n", namespace}, arguments...)...)
}

// rendered are the objects of one rendering.
type rendered []unstructured.Unstructured

func render(t *testing.T, arguments ...string) rendered {
	t.Helper()
	text, err := helm(t, arguments...)
	if err != nil {
		t.Fatal(err)
	}
	objects, err := rendering.Objects(text)
	if err != nil {
		t.Fatal(err)
	}
	return objects
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
