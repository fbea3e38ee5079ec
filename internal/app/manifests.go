// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aymanbagabas/go-udiff"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// readManifests reads the objects of files and directories, each in JSON.
func readManifests(paths []string, stdin io.Reader) ([]json.RawMessage, error) {
	var all []json.RawMessage
	for _, path := range paths {
		files, err := filesOf(path)
		if err != nil {
			return nil, fmt.Errorf("reading objects: %w", err)
		}
		for _, file := range files {
			objects, err := readManifest(file, stdin)
			if err != nil {
				return nil, fmt.Errorf("reading objects of %s: %w", file, err)
			}
			all = append(all, objects...)
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("reading objects: there are none in %s", strings.Join(paths, ", "))
	}
	return all, nil
}

// filesOf are the files of a directory that kubectl would read, in the order of their names; a file is itself.
func filesOf(path string) ([]string, error) {
	if path == "-" {
		return []string{path}, nil
	}
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return []string{path}, err //nolint:wrapcheck // names the path
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, err //nolint:wrapcheck // names the path
	}
	var files []string
	for _, entry := range entries {
		if slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(entry.Name())) && !entry.IsDir() {
			files = append(files, filepath.Join(path, entry.Name()))
		}
	}
	return files, nil
}

func readManifest(path string, stdin io.Reader) ([]json.RawMessage, error) {
	from := stdin
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return nil, err //nolint:wrapcheck // names the path
		}
		defer file.Close() //nolint:errcheck // read only
		from = file
	}
	var all []json.RawMessage
	documents := utilyaml.NewYAMLOrJSONDecoder(from, 4096)
	for n := 1; ; n++ {
		var object json.RawMessage
		switch err := documents.Decode(&object); {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, fmt.Errorf("document %d: %w", n, err)
		}
		if object = bytes.TrimSpace(object); len(object) > 0 && !bytes.Equal(object, []byte("null")) {
			all = append(all, object)
		}
	}
}

// write prints objects, which were others before, in a form.
func write(to io.Writer, form string, before, after []json.RawMessage) error {
	var text string
	var err error
	switch form {
	case formJSON:
		text, err = asJSON(after)
	case formDiff:
		text, err = asDiff(before, after)
	default:
		text, err = asYAML(after)
	}
	if err != nil {
		return fmt.Errorf("writing objects: %w", err)
	}
	_, err = io.WriteString(to, text)
	return err //nolint:wrapcheck // standard output
}

func asYAML(objects []json.RawMessage) (string, error) {
	var documents []string
	for _, o := range objects {
		text, err := yaml.JSONToYAML(o)
		if err != nil {
			return "", err //nolint:wrapcheck // the caller says of what
		}
		documents = append(documents, string(text))
	}
	return strings.Join(documents, "---\n"), nil
}

// asJSON is one object, or a list of several, as kubectl prints them.
func asJSON(objects []json.RawMessage) (string, error) {
	var one any = objects[0]
	if len(objects) > 1 {
		one = map[string]any{"apiVersion": "v1", "kind": "List", "items": objects}
	}
	text, err := json.MarshalIndent(one, "", "    ")
	return string(text) + "\n", err //nolint:wrapcheck // the caller says of what
}

func asDiff(before, after []json.RawMessage) (string, error) {
	var b strings.Builder
	for i := range before {
		was, err := asYAML(before[i : i+1])
		if err != nil {
			return "", err
		}
		is, err := asYAML(after[i : i+1])
		if err != nil {
			return "", err
		}
		name := headerOf(before[i]).String()
		b.WriteString(udiff.Unified(name, name+" (injected)", was, is))
	}
	return b.String(), nil
}
