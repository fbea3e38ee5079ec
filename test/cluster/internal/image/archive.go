// SPDX-License-Identifier: Apache-2.0

package image

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"runtime"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// Image is a name, what a container of it runs, and its files.
type Image struct {
	Reference string // such as redis:7.0
	Config    v1.Config
	Files     Tree
}

// WriteTo writes the image as a docker-archive into file, unless it holds this
// very image already, and reports whether it wrote.
func (i Image) WriteTo(file string) (wrote bool, err error) {
	key, err := i.key()
	if err != nil {
		return false, fmt.Errorf("making image %s: %w", i.Reference, err)
	}
	keyFile := file + ".key"
	if old, err := os.ReadFile(keyFile); err == nil && string(old) == key {
		if _, err := os.Stat(file); err == nil {
			return false, nil
		}
	}
	_ = os.Remove(keyFile)
	if err := i.write(file); err != nil {
		return false, fmt.Errorf("making image %s: %w", i.Reference, err)
	}
	if err := os.WriteFile(keyFile, []byte(key), 0o644); err != nil {
		return false, fmt.Errorf("making image %s: %w", i.Reference, err)
	}
	return true, nil
}

// key changes when anything of the image does.
func (i Image) key() (string, error) {
	digest, err := i.Files.digest()
	return fmt.Sprintf("%s %s %+v", i.Reference, digest, i.Config), err
}

func (i Image) write(file string) error {
	tag, err := name.NewTag(i.Reference)
	if err != nil {
		return err
	}
	made, err := i.assemble()
	if err != nil {
		return err
	}
	unfinished := file + ".part"
	if err := tarball.WriteToFile(unfinished, tag, made); err != nil {
		return err
	}
	return os.Rename(unfinished, file)
}

func (i Image) assemble() (v1.Image, error) {
	var files bytes.Buffer
	if err := i.Files.write(&files); err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(files.Bytes())), nil
	})
	if err != nil {
		return nil, err
	}
	made, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		return nil, err
	}
	config, err := made.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", runtime.GOARCH
	config.Config = i.Config
	return mutate.ConfigFile(made, config)
}
