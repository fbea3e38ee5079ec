// SPDX-License-Identifier: Apache-2.0

package model

import "testing"

func TestVersionBefore(t *testing.T) {
	redis := func(major, minor int) Version { return Version{Major: major, Minor: minor} }
	for _, c := range []struct {
		a, b Version
		want bool
	}{
		{redis(7, 0), redis(8, 0), true},
		{redis(7, 0), redis(7, 2), true},
		{redis(7, 2), redis(7, 2), false},
		{redis(8, 0), redis(7, 4), false},
		{redis(7, 2), Version{Valkey: true, Major: 9}, false},
		{Version{}, redis(8, 0), false},
		{redis(7, 0), Version{}, false},
	} {
		if got := c.a.Before(c.b); got != c.want {
			t.Errorf("%s before %s: %t", c.a, c.b, got)
		}
	}
}
