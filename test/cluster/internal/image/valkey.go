// SPDX-License-Identifier: Apache-2.0

package image

import (
	"context"
	"strings"
)

// Valkey is a stand-in for the official Valkey image, made of the Valkey that
// is installed in a root: that of another Debian release than this machine's.
// Like the official one it has Redis' names for its programs too.
func Valkey(ctx context.Context, source, scratch, root string) (Image, error) {
	files := Tree{}
	number, err := addServerOf(ctx, files, source, scratch, root, "valkey")
	if err != nil {
		return Image{}, err
	}
	for _, name := range []string{"server", "cli", "sentinel"} {
		files.Link(officialBin+"redis-"+name, "valkey-"+name)
	}
	major, rest, _ := strings.Cut(number, ".")
	minor, _, _ := strings.Cut(rest, ".")
	return Image{"valkey:" + major + "." + minor, serverConfig("redis-server", "VALKEY_VERSION="+number), files}, nil
}
