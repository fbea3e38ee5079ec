// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/cluster/internal/build"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/cluster/internal/host"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/cluster/internal/image"
)

// images makes the archives and prints their paths.
func images(ctx context.Context, env *environment, args []string) error {
	out, bin, valkey, err := imagesFlags(args)
	if err != nil {
		return err
	}
	if err = host.InstallPackages(ctx, env.log); err != nil {
		return err
	}
	builder, err := env.builder()
	if err != nil {
		return err
	}
	if err = os.MkdirAll(out, 0o755); err != nil {
		return fmt.Errorf("making images: %w", err)
	}
	scratch, err := os.MkdirTemp("", "images-")
	if err != nil {
		return fmt.Errorf("making images: %w", err)
	}
	defer os.RemoveAll(scratch)
	made, err := allImages(ctx, builder, scratch, bin)
	if err != nil {
		return err
	}
	if valkey != "" {
		if made["valkey"], err = image.Valkey(ctx, builder.Source, scratch, valkey); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(made)) {
		path := filepath.Join(out, name+".tar")
		wrote, err := made[name].WriteTo(path)
		if err != nil {
			return err
		}
		if wrote {
			env.log.Step("made %s", made[name].Reference)
		}
		fmt.Fprintln(env.stdout, path)
	}
	return nil
}

// allImages returns the images by the names of their archives.
func allImages(ctx context.Context, builder build.Builder, scratch, bin string) (map[string]image.Image, error) {
	if bin == "" {
		root := filepath.Dir(filepath.Dir(builder.Source))
		for _, name := range []string{"webhook", "bootstrap"} {
			if err := build.Program(ctx, root, "./cmd/"+name, filepath.Join(scratch, name)); err != nil {
				return nil, err
			}
		}
		bin = scratch
	}
	made := map[string]image.Image{"redis-sentinel-webhook": image.Webhook(bin)}
	for name, protected := range map[string]bool{"redis": false, "redis-protected": true} {
		reference := "redis:7.0"
		if protected {
			reference += "-protected"
		}
		img, err := image.Redis(ctx, builder.Source, scratch, reference, protected)
		if err != nil {
			return nil, err
		}
		made[name] = img
	}
	return made, nil
}

func imagesFlags(args []string) (out, bin, valkey string, err error) {
	flags := flag.NewFlagSet("images", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&out, "out", "", "folder for the archives")
	flags.StringVar(&bin, "bin", "", "folder of the binaries webhook and bootstrap")
	flags.StringVar(&valkey, "valkey", "", "root folder of a Debian that has Valkey")
	if err := flags.Parse(args); err != nil {
		return "", "", "", fmt.Errorf("%w: images: %w", errUsage, err)
	}
	if out == "" || flags.NArg() > 0 {
		return "", "", "", fmt.Errorf("%w: images needs -out DIR", errUsage)
	}
	return out, bin, valkey, nil
}
