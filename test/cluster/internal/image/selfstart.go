// SPDX-License-Identifier: Apache-2.0

package image

import (
	"context"
	_ "embed"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

//go:embed selfstart.sh
var selfStart string

// SelfStart is an image that starts a server whatever it is asked for: neither
// command line nor configuration file of anybody reach it.
func SelfStart(ctx context.Context, _, _ string) (Image, error) {
	files := Tree{}
	server, err := debianServer()
	if err != nil {
		return Image{}, err
	}
	if err = addRedis(ctx, files, officialBin, server); err != nil {
		return Image{}, err
	}
	if err = addShell(ctx, files); err != nil {
		return Image{}, err
	}
	files.Text(officialBin+"selfstart.sh", 0o755, selfStart)
	addRedisAccount(files)
	return Image{"example/selfstart:1", v1.Config{
		Entrypoint:   []string{"selfstart.sh"},
		WorkingDir:   "/data",
		ExposedPorts: map[string]struct{}{"6379/tcp": {}},
		Env:          []string{"PATH=" + searched},
	}, files}, nil
}
