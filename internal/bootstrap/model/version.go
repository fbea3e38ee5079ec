// SPDX-License-Identifier: Apache-2.0

package model

import "fmt"

// Version is what decides whether one server loads what another has saved. The zero value is one that is not known.
type Version struct {
	// Valkey reports whether it is no Redis: the two have gone apart.
	Valkey       bool
	Major, Minor int
}

// Before reports whether a server of this version may not load a snapshot of another, which is newer. Of what is not known, and of two
// products, it reports nothing.
func (v Version) Before(o Version) bool {
	if v.Valkey != o.Valkey || v == (Version{}) || o == (Version{}) {
		return false
	}
	return v.Major < o.Major || v.Major == o.Major && v.Minor < o.Minor
}

func (v Version) String() string {
	name := "Redis"
	if v.Valkey {
		name = "Valkey"
	}
	return fmt.Sprintf("%s %d.%d", name, v.Major, v.Minor)
}
