// SPDX-License-Identifier: Apache-2.0

// Package rendering renders the chart as helm does.
package rendering

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// Template is what `helm template RELEASE CHART` prints with further arguments. An error is what helm said. The program is a path, or
// a name on PATH.
func Template(ctx context.Context, helm, release, chart string, arguments ...string) ([]byte, error) {
	// A helm that was built with go install takes Kubernetes for older than it is.
	fixed := []string{"template", release, chart, "--kube-version", "1.36.0"}
	command := exec.CommandContext(ctx, helm, append(fixed, arguments...)...)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	switch {
	case err != nil && stderr.Len() == 0:
		return nil, fmt.Errorf("running %s: %w", helm, err)
	case err != nil:
		return nil, errors.New(stderr.String())
	}
	return out, nil
}

// Objects are the objects in a text of YAML documents.
func Objects(text []byte) ([]unstructured.Unstructured, error) {
	var out []unstructured.Unstructured
	for decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), 4096); ; {
		var object unstructured.Unstructured
		err := decoder.Decode(&object.Object)
		switch {
		case errors.Is(err, io.EOF):
			return out, nil
		case err != nil:
			return nil, fmt.Errorf("reading what helm rendered: %w", err)
		case object.Object != nil:
			out = append(out, object)
		}
	}
}
