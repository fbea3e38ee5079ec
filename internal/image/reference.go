// SPDX-License-Identifier: Apache-2.0

package image

import "strings"

// Reference is the name of an image, in its parts.
type Reference struct {
	// Repository is the path without the registry's port, tag and digest, and with everything else.
	Repository string
	// Tag is empty where there is none.
	Tag string
	// Pinned reports whether a digest says which image it is, whatever the tag says.
	Pinned bool
}

// Read reads the name of an image. It refuses nothing: what is no name has no family either.
func Read(name string) Reference {
	name, digest, pinned := strings.Cut(name, "@")
	r := Reference{Repository: name, Pinned: pinned && digest != ""}
	if at := strings.LastIndex(name, ":"); at > strings.LastIndex(name, "/") {
		r.Repository, r.Tag = name[:at], name[at+1:]
	}
	return r
}

// endsWith reports whether the last parts of a repository are these.
func (r Reference) endsWith(parts string) bool {
	before, ok := strings.CutSuffix(r.Repository, parts)
	return ok && (before == "" || strings.HasSuffix(before, "/"))
}
