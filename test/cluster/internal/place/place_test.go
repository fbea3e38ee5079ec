// SPDX-License-Identifier: Apache-2.0

package place

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestState(t *testing.T) {
	for name, test := range map[string]struct {
		value, want string
		bad         bool
	}{
		"nothing is said":                  {value: "", want: defaultState},
		"a path":                           {value: "/srv/cluster/", want: "/srv/cluster"},
		"a relative path":                  {value: "cluster", bad: true},
		"the root, which down would empty": {value: "/", bad: true},
		"the root in disguise":             {value: "/srv/..", bad: true},
		"too long for sockets":             {value: "/" + strings.Repeat("x", maxState), bad: true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := State(func(string) string { return test.value })
			if (err != nil) != test.bad || got != test.want {
				t.Errorf("got %q and error %v, want %q and an error: %v", got, err, test.want, test.bad)
			}
		})
	}
}

func TestSource(t *testing.T) {
	root := t.TempDir()
	cluster := filepath.Join(root, "test", "cluster")
	elsewhere := filepath.Join(root, "internal", "deep")
	for _, dir := range []string{cluster, elsewhere} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(cluster, "go.mod"), []byte("module "+Module+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, from := range []string{root, cluster, elsewhere} {
		if got, err := Source(from); err != nil || got != cluster {
			t.Errorf("from %s: got %q, %v, want %s", from, got, err, cluster)
		}
	}
	if got, err := Source(t.TempDir()); err == nil {
		t.Errorf("outside of a checkout: found %s", got)
	}
}
