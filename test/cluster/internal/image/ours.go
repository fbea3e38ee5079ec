// SPDX-License-Identifier: Apache-2.0

package image

import (
	"context"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/cluster/internal/build"
)

// noRoot is the user of images that need no rights.
const noRoot = "65532:65532"

// Pause is the image that holds a pod's namespaces.
func Pause(ctx context.Context, source, scratch, reference string) (Image, error) {
	program := filepath.Join(scratch, "pause")
	if err := build.Program(ctx, source, "./pause", program); err != nil {
		return Image{}, err
	}
	files := Tree{}
	files.Copy("/pause", program, 0o755)
	return Image{reference, v1.Config{Entrypoint: []string{"/pause"}, User: noRoot}, files}, nil
}

// Webhook is the project's own image, from its two static binaries in bin.
func Webhook(bin string) Image {
	files := Tree{}
	files.Copy("/webhook", filepath.Join(bin, "webhook"), 0o755)
	files.Copy("/bootstrap", filepath.Join(bin, "bootstrap"), 0o755)
	return Image{"redis-sentinel-webhook:dev", v1.Config{Entrypoint: []string{"/webhook"}, User: noRoot}, files}
}
