// SPDX-License-Identifier: Apache-2.0

package world

import (
	"context"
	"os"
	"path/filepath"
	"strings"
)

// ImageFiles makes the images of the cluster under test as tar files in a folder. They contain the binaries beside the
// cluster's tool, where `make build` puts them, and freshly built ones where there are none.
func (w *World) ImageFiles(ctx context.Context, folder string) ([]string, error) {
	arguments := []string{"images", "-out", folder}
	built := filepath.Dir(os.Getenv(EnvClusterTool))
	if _, err := os.Stat(filepath.Join(built, "webhook")); err == nil {
		arguments = append(arguments, "-bin", built)
	}
	output, err := w.tool.run(ctx, arguments...)
	if err != nil {
		return nil, err
	}
	files := strings.Fields(output)
	kept := files[:0]
	for _, file := range files {
		if filepath.Ext(file) == ".tar" { // the rest of the output is progress
			kept = append(kept, file)
		}
	}
	return kept, nil
}

// LoadShapes makes stand-ins for images of others, by the names that the cluster's tool has for them, and loads them; legacy is a root
// with an old Redis, and empty where that is not wanted.
func (w *World) LoadShapes(ctx context.Context, folder, legacy string, names ...string) error {
	arguments := []string{"images", "-out", folder, "-shapes", strings.Join(names, ",")}
	built := filepath.Dir(os.Getenv(EnvClusterTool))
	if _, err := os.Stat(filepath.Join(built, "webhook")); err == nil {
		arguments = append(arguments, "-bin", built)
	}
	if legacy != "" {
		arguments, names = append(arguments, "-legacy", legacy), append(names, "legacy")
	}
	if _, err := w.tool.run(ctx, arguments...); err != nil {
		return err
	}
	load := []string{"load"}
	for _, name := range names {
		load = append(load, filepath.Join(folder, name+".tar"))
	}
	_, err := w.tool.run(ctx, load...)
	return err
}
