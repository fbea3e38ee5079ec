// SPDX-License-Identifier: Apache-2.0

package world

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// Object names one object of a file; Namespace is empty where the file names none.
type Object struct {
	Kind      string
	Namespace string
	Name      string
}

// Objects lists what a file, a folder or a kustomization contains. It asks no cluster.
func (w *World) Objects(ctx context.Context, path string) ([]Object, error) {
	texts, err := w.manifests(ctx, path)
	if err != nil {
		return nil, err
	}
	var objects []Object
	for _, text := range texts {
		decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), 4096)
		for {
			var read metav1.PartialObjectMetadata
			err := decoder.Decode(&read)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return nil, fmt.Errorf("reading the objects of %s: %w", path, err)
			}
			if read.Kind != "" {
				objects = append(objects, Object{Kind: read.Kind, Namespace: read.Namespace, Name: read.Name})
			}
		}
	}
	return objects, nil
}

func (w *World) manifests(ctx context.Context, path string) ([][]byte, error) {
	if fileArguments(path)[0] == "-k" {
		output, err := w.Kubectl(ctx, "", "kustomize", path)
		return [][]byte{[]byte(output)}, err
	}
	files := []string{path}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		if files, err = filepath.Glob(filepath.Join(path, "*.yaml")); err != nil {
			return nil, fmt.Errorf("listing the files of %s: %w", path, err)
		}
	}
	var texts [][]byte
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("reading the objects of %s: %w", path, err)
		}
		texts = append(texts, text)
	}
	return texts, nil
}
