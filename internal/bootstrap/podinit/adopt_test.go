// SPDX-License-Identifier: Apache-2.0

package podinit

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func filesOf(t *testing.T, dir string) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			name, _ := filepath.Rel(dir, path)
			all = append(all, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(all)
	return all
}

// TestDirectoryThatIsThereIsKept: whoever made it may not let anybody else change its mode.
func TestDirectoryThatIsThereIsKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "redis", "data")
	for _, mode := range []string{"0770", "0700"} {
		if err := MakeDirectory([]string{"--path", path, "--mode", mode, "--keep"}); err != nil {
			t.Fatal(err)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o770 {
		t.Errorf("%v, %v", info, err)
	}
}

func TestPodZeroGoesOnWithTheDataThatIsThere(t *testing.T) {
	volume := t.TempDir()
	own := filepath.Join(volume, "redis-0")
	write(t, filepath.Join(volume, "dump.rdb"), "data")
	write(t, filepath.Join(volume, "appendonlydir", "a.base.rdb"), "base")
	write(t, filepath.Join(volume, "redis-1", "dump.rdb"), "of another pod")
	write(t, filepath.Join(volume, "redis-2x"), "of nobody")
	write(t, filepath.Join(volume, "lost+found", "x"), "of the file system")
	write(t, filepath.Join(own+staged, "redis.conf"), "of a move that was cut short")

	adopt := func() {
		t.Helper()
		for _, path := range []string{filepath.Join(volume, "redis-3"), own} { // whoever comes first
			if err := MakeDirectory([]string{"--path", path, "--mode", "0770", "--adopt"}); err != nil {
				t.Fatal(err)
			}
		}
	}
	adopt()
	want := []string{
		"lost+found/x", "redis-0/appendonlydir/a.base.rdb", "redis-0/dump.rdb", "redis-0/redis-2x", "redis-0/redis.conf", "redis-1/dump.rdb",
	}
	if diff := cmp.Diff(want, filesOf(t, volume)); diff != "" {
		t.Fatalf("(-want +got)\n%s", diff)
	}

	write(t, filepath.Join(volume, "dump.rdb"), "of somebody who came later")
	adopt()
	if diff := cmp.Diff(append([]string{"dump.rdb"}, want...), filesOf(t, volume)); diff != "" {
		t.Errorf("a directory that is there was filled again (-want +got)\n%s", diff)
	}
}
