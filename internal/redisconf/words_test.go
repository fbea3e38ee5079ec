// SPDX-License-Identifier: Apache-2.0

package redisconf

import (
	"slices"
	"testing"
)

// TestConfWords: as Redis splits the lines of its configuration.
func TestConfWords(t *testing.T) {
	for line, want := range map[string][]string{
		"":                           nil,
		"  # user default on nopass": nil,
		"port 1":                     {"port", "1"},
		" PORT\t1 \r\n":              {"port", "1"},
		`aclfile	"/etc/my users"`:    {"aclfile", "/etc/my users"},
		`"aclfile" '/etc/a\'b'`:      {"aclfile", "/etc/a'b"},
		`USER "default" on >a#b`:     {"user", "default", "on", ">a#b"},
		`requirepass "a\"b\x41\n\\"`: {"requirepass", "a\"bA\n\\"},
		`requirepass "a\xzz"`:        {"requirepass", "axzz"},
		`requirepass 'a\nb'`:         {"requirepass", `a\nb`},
		`save ""`:                    {"save", ""},
		`a b"c d"`:                   {"a", "bc d"},
		`a "b`:                       nil,
		`a "b"c`:                     nil,
		`a 'b\'`:                     nil,
	} {
		if got := confWords(line); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
}

func TestValuesHoweverTheyAreWritten(t *testing.T) {
	for text, want := range map[string]string{
		"aclfile /a": "/a", "aclfile\t/a": "/a", `"ACLFILE" "/a"`: "/a", "aclfile /b\naclfile   '/a'\n#aclfile /c": "/a", "aclfile": "",
	} {
		if got := Values(text)["aclfile"]; got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if ConfUser("USER\t'default' on") != "default" || ConfUser("users a b") != "" || ConfInclude(`include "/a b/*"`) != "/a b/*" {
		t.Error("users and included files are not known by other spellings")
	}
}
