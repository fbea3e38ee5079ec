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
	"strings"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/cluster/internal/build"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/cluster/internal/host"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/cluster/internal/image"
)

// images makes the archives and prints their paths.
func images(ctx context.Context, env *environment, args []string) error {
	asked, err := imagesFlags(args)
	if err != nil {
		return err
	}
	if err = host.InstallPackages(ctx, env.log, asked.packages()...); err != nil {
		return err
	}
	builder, err := env.builder()
	if err != nil {
		return err
	}
	if err = os.MkdirAll(asked.out, 0o755); err != nil {
		return fmt.Errorf("making images: %w", err)
	}
	scratch, err := os.MkdirTemp("", "images-")
	if err != nil {
		return fmt.Errorf("making images: %w", err)
	}
	defer os.RemoveAll(scratch)
	made, err := usualImages(ctx, builder, scratch, asked.bin)
	if err != nil {
		return err
	}
	if err = asked.addOthers(ctx, builder, scratch, made); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(made)) {
		path := filepath.Join(asked.out, name+".tar")
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

// usualImages returns the images that are always made, by the names of their
// archives.
func usualImages(ctx context.Context, builder build.Builder, scratch, bin string) (map[string]image.Image, error) {
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

// imagesAsked is what the command line says.
type imagesAsked struct {
	out, bin string
	// valkey and legacy are root folders of other Debian releases.
	valkey, legacy string
	shapes         []string
}

func imagesFlags(args []string) (imagesAsked, error) {
	var asked imagesAsked
	var shapes string
	flags := flag.NewFlagSet("images", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&asked.out, "out", "", "folder for the archives")
	flags.StringVar(&asked.bin, "bin", "", "folder of the binaries webhook and bootstrap")
	flags.StringVar(&asked.valkey, "valkey", "", "root folder of a Debian that has Valkey")
	flags.StringVar(&asked.legacy, "legacy", "", "root folder of a Debian that has an old Redis")
	flags.StringVar(&shapes, "shapes", "", "names of images that start in other ways, with commas")
	if err := flags.Parse(args); err != nil {
		return asked, fmt.Errorf("%w: images: %w", errUsage, err)
	}
	if asked.out == "" || flags.NArg() > 0 {
		return asked, fmt.Errorf("%w: images needs -out DIR", errUsage)
	}
	if shapes != "" {
		asked.shapes = strings.Split(shapes, ",")
	}
	for _, name := range asked.shapes {
		if _, known := image.Shapes[name]; !known {
			return asked, fmt.Errorf("%w: images knows no shape %q, but %s", errUsage, name,
				strings.Join(slices.Sorted(maps.Keys(image.Shapes)), ", "))
		}
	}
	return asked, nil
}

// packages are those that the images need beside the node's.
func (a imagesAsked) packages() []string {
	var names []string
	for _, name := range a.shapes {
		names = append(names, image.Shapes[name].Packages...)
	}
	return names
}

// addOthers adds the images that are made only where they are asked for.
func (a imagesAsked) addOthers(ctx context.Context, builder build.Builder, scratch string, made map[string]image.Image) error {
	var err error
	if a.valkey != "" {
		if made["valkey"], err = image.Valkey(ctx, builder.Source, scratch, a.valkey); err != nil {
			return err
		}
	}
	if a.legacy != "" {
		if made["legacy"], err = image.Legacy(ctx, builder.Source, scratch, a.legacy); err != nil {
			return err
		}
	}
	for _, name := range a.shapes {
		if made[name], err = image.Shapes[name].Make(ctx, builder.Source, scratch); err != nil {
			return err
		}
	}
	return nil
}
