// SPDX-License-Identifier: Apache-2.0

package image

import (
	"context"
	_ "embed"
	"strconv"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

const (
	// bitnamiUser has no account in its image, and so root's group.
	bitnamiUser = 1001
	bitnamiHome = "/opt/bitnami/redis"
)

var (
	//go:embed bitnami-entrypoint.sh
	bitnamiEntrypoint string
	//go:embed bitnami-run.sh
	bitnamiRun string
)

// Bitnami is a stand-in for Bitnami's image of Redis: no root, data and
// programs elsewhere, and a configuration that is made of variables.
func Bitnami(ctx context.Context, _, _ string) (Image, error) {
	files := Tree{}
	server, err := debianServer()
	if err != nil {
		return Image{}, err
	}
	if err = addRedis(ctx, files, bitnamiHome+"/bin/", server); err != nil {
		return Image{}, err
	}
	if err = addShell(ctx, files); err != nil {
		return Image{}, err
	}
	version, err := redisVersion(ctx)
	if err != nil {
		return Image{}, err
	}
	return bitnami(files, version), nil
}

// bitnami is the image of these programs.
func bitnami(files Tree, version string) Image {
	addAccounts(files, "", "")
	const scripts = "/opt/bitnami/scripts/redis"
	files.Text(scripts+"/entrypoint.sh", 0o755, bitnamiEntrypoint)
	files.Text(scripts+"/run.sh", 0o755, bitnamiRun)
	for _, name := range []string{"/entrypoint.sh", "/run.sh"} {
		files.Link(name, scripts+name)
	}
	for _, name := range []string{"/bitnami", "/bitnami/redis", bitnamiHome, bitnamiHome + "/etc"} {
		files.SharedDir(name, 0)
	}
	files.SharedDir("/bitnami/redis/data", bitnamiUser)
	return Image{"bitnami/redis:7.0", v1.Config{
		User:         strconv.Itoa(bitnamiUser),
		Entrypoint:   []string{scripts + "/entrypoint.sh"},
		Cmd:          []string{scripts + "/run.sh"},
		ExposedPorts: map[string]struct{}{"6379/tcp": {}},
		Env:          []string{"HOME=/", "APP_VERSION=" + version, "BITNAMI_APP_NAME=redis", "PATH=/opt/bitnami/common/bin:" + bitnamiHome + "/bin:" + searched},
	}, files}
}
