// SPDX-License-Identifier: Apache-2.0

package image

import "context"

// Legacy is an image that starts as the official one does, under a name that
// nobody knows: made of the Redis that is installed in the root of an old Debian
// release, so that only the server itself tells that it is too old.
func Legacy(ctx context.Context, source, scratch, root string) (Image, error) {
	files := Tree{}
	number, err := addServerOf(ctx, files, source, scratch, root, "redis")
	if err != nil {
		return Image{}, err
	}
	return Image{"example/cache:legacy", serverConfig("redis-server", "REDIS_VERSION="+number), files}, nil
}
