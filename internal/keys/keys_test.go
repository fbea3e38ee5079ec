// SPDX-License-Identifier: Apache-2.0

package keys

import (
	"bytes"
	"regexp"
	"testing"
)

var release = Release(bytes.Repeat([]byte{7}, 32))

// TestPasswordsAreDistinct: each user of each group, set and generation has a password of its own, also where the names run into
// each other.
func TestPasswordsAreDistinct(t *testing.T) {
	seen := map[string]string{}
	note := func(what, password string) {
		if other, known := seen[password]; known {
			t.Errorf("%s has the password of %s", what, other)
		}
		seen[password] = what
	}
	for _, names := range [][2]string{{"a", "bc"}, {"ab", "c"}, {"a", "b"}, {"", "abc"}} {
		for _, generation := range []int{1, 2, 12} {
			g := release.Group(names[0], names[1], generation)
			what := names[0] + "/" + names[1] + "/" + g.ID
			note(what+" replication", g.Replication())
			note(what+" observer", g.Observer())
			for _, set := range [][2]string{{"s", "entinel"}, {"sentinel", "s"}} {
				note(what+" monitor of "+set[0]+"/"+set[1], release.Set(set[0], set[1]).Monitor(names[0], names[1], g.ID))
			}
		}
	}
	other := Release(bytes.Repeat([]byte{8}, 32))
	note("another release", other.Group("a", "b", 1).Replication())
	if other.Group("a", "b", 1).ID == release.Group("a", "b", 1).ID {
		t.Error("the generation of another key has the same id")
	}
}

// TestPasswordsStay: a later version derives the same passwords, or every group would be locked out by an upgrade.
func TestPasswordsStay(t *testing.T) {
	g := release.Group("shop", "cart", 1)
	for what, c := range map[string][2]string{
		"id":          {g.ID, "1-91f584f3"},
		"replication": {g.Replication(), "FLZ7GRFY2F5DPPJDHIJQTTQ5RVM4M3JUVBJT4XOXUZGWO7ZZT72Q"},
		"monitor":     {release.Set("sentinels", "all").Monitor("shop", "cart", g.ID), "7MUHHPX4V7HTYZ4VV2FH3PIKCHCYXRBYH7GEMPY7M77QZSQOYUXA"},
		"hash":        {Hash("password"), "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8"},
	} {
		if c[0] != c[1] {
			t.Errorf("%s is %s, was %s", what, c[0], c[1])
		}
	}
	if !regexp.MustCompile(`^[A-Z2-7]{52}$`).MatchString(g.Observer()) {
		t.Errorf("%q needs quotes somewhere", g.Observer())
	}
}

func TestParse(t *testing.T) {
	key, err := Parse([]byte(Text(release) + "\n"))
	if err != nil || !bytes.Equal(key, release) {
		t.Errorf("%x, %v", key, err)
	}
	for _, bad := range []string{"", "00", "zz", Text(release) + "00"} {
		if _, err := Parse([]byte(bad)); err == nil {
			t.Errorf("%q was taken for a key", bad)
		}
	}
}
