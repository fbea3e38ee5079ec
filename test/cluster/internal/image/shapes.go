// SPDX-License-Identifier: Apache-2.0

package image

import "context"

// Shape is an image that starts its server in another way than the official one.
type Shape struct {
	// Packages are the Debian packages that it needs beside those of the node.
	Packages []string
	// Make makes it, from the sources of this module.
	Make func(ctx context.Context, source, scratch string) (Image, error)
}

// Shapes are those that can be made, by the names of their archives.
var Shapes = map[string]Shape{
	"bitnami":   {Make: Bitnami},
	"selfstart": {Make: SelfStart},
	"stack":     {Packages: []string{"dumb-init", "gcc"}, Make: Stack},
}
