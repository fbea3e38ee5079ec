// SPDX-License-Identifier: Apache-2.0

package redisconf

import (
	"strings"
	"testing"
)

// TestUserWithoutAPassword: an empty password is none, although Redis has a hash of it.
func TestUserWithoutAPassword(t *testing.T) {
	const empty = "#e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	for line, want := range map[string]bool{
		"user default on nopass ~* &* +@all":              true,
		"user default on " + empty + " ~* &* +@all":       true,
		"user default on #00 " + empty + " ~* &* +@all":   true,
		"user default on #00 ~* &* +@all":                 false,
		"user default on ~* &* +@all":                     false, // nobody enters
		"user default off nopass ~* &* +@all":             false,
		"user nopass on #00 ~nopass resetchannels -@all":  false,
		"user default on sanitize-payload #00 ~* &* +get": false,
	} {
		if got := WantsNoPassword(line); got != want {
			t.Errorf("%s: %t, want %t", line, got, want)
		}
	}
}

// TestKeptOut: who was switched off because he has no password; one that has a password was switched off by its owner.
func TestKeptOut(t *testing.T) {
	for list, want := range map[string]string{
		"user default off nopass ~* &* +@all": "default",
		"user default off #e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 ~* &* +@all": "default",
		"user default off #00 ~* &* +@all":                                      "",
		"user default on nopass ~* &* +@all":                                    "",
		"user app off nopass ~* &* +@all\nuser default on #00 ~* &* +@all":      "app",
		"user app on #00 ~* &* +@all\nuser default off nopass sanitize-payload": "default",
	} {
		if got := strings.Join(KeptOut(list), " "); got != want {
			t.Errorf("%s: %q, want %q", list, got, want)
		}
	}
}
