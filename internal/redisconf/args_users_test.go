// SPDX-License-Identifier: Apache-2.0

package redisconf

import (
	"strings"
	"testing"
)

// TestPasswordsInOptions: which options give clients a password, and which of them are about the default user.
func TestPasswordsInOptions(t *testing.T) {
	for line, want := range map[string]struct{ has, names bool }{
		"redis-server":                              {false, false},
		"redis-server --requirepass x":              {true, true},
		`redis-server --requirepass ""`:             {false, false},
		"redis-server --user app on >x":             {true, false},
		"redis-server --user default on >x":         {true, true},
		`redis-server --user "default" on >x`:       {true, true},
		"redis-server --aclfile /a":                 {true, false},
		"redis-server --user app on --port 1":       {true, false},
		"redis-server --user defaults on --port 1":  {true, false},
		"redis-server --user app on --user default": {true, true},
	} {
		inv, err := Parse(strings.Split(line, " "))
		if err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		if inv.HasPassword != want.has || inv.NamesDefault != want.names {
			t.Errorf("%s: password %t, default user %t, want %+v", line, inv.HasPassword, inv.NamesDefault, want)
		}
	}
}
