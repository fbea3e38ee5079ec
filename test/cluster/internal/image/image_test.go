// SPDX-License-Identifier: Apache-2.0

package image

import (
	"archive/tar"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

func TestLibraries(t *testing.T) {
	const ldd = "\tlinux-vdso.so.1 (0x00007ffd)\n\tlibm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x00007f)\n" +
		"\tlibgone.so => not found\n\t/lib64/ld-linux-x86-64.so.2 (0x00007f)\n"
	want := []string{"/lib/x86_64-linux-gnu/libm.so.6", "/lib64/ld-linux-x86-64.so.2"}
	if got := libraries(ldd); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestLinksOfARootStayInIt(t *testing.T) {
	root := t.TempDir()
	for link, target := range map[string]string{"loader": "/lib/loader", "beside": "loader.1"} {
		if err := os.Symlink(target, filepath.Join(root, link)); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{"/loader": "lib/loader", "/beside": "beside", "/other": "other"} {
		if got := inRoot(root, name); got != filepath.Join(root, want) {
			t.Errorf("%s: got %s", name, got)
		}
	}
}

func TestAnArchiveHoldsTheImage(t *testing.T) {
	files := Tree{}
	files.Text("/usr/bin/tool", 0o755, "content")
	files.Link("/bin/tool", "/usr/bin/tool")
	files.Dir("/data", 0o755, redisUser)
	img := Image{"redis:7.0", v1.Config{User: noRoot, Entrypoint: []string{"/usr/bin/tool"}}, files}
	archive := filepath.Join(t.TempDir(), "image.tar")
	for _, wantWrite := range []bool{true, false} {
		if wrote, err := img.WriteTo(archive); err != nil || wrote != wantWrite {
			t.Fatalf("wrote: %v, %v; want %v", wrote, err, wantWrite)
		}
	}
	read, err := tarball.ImageFromPath(archive, nil)
	if err != nil {
		t.Fatal(err)
	}
	config, err := read.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if config.OS != "linux" || config.Config.User != noRoot || len(config.RootFS.DiffIDs) != 1 {
		t.Errorf("configuration %+v", config)
	}
	layers, err := read.Layers()
	if err != nil {
		t.Fatal(err)
	}
	content, err := layers[0].Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for reader := tar.NewReader(content); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, header.Name)
	}
	if want := []string{"bin/", "bin/tool", "data/", "usr/", "usr/bin/", "usr/bin/tool"}; !slices.Equal(names, want) {
		t.Errorf("files %q, want %q", names, want)
	}
	img.Config.User = "0:0"
	if wrote, err := img.WriteTo(archive); err != nil || !wrote {
		t.Errorf("another user: wrote %v, %v", wrote, err)
	}
}

func TestProtectedModeIsOffInTheChangedServer(t *testing.T) {
	server, err := filepath.EvalSymlinks("/usr/bin/redis-server")
	if err != nil {
		t.Fatal("it changes this machine's redis-server, which make cluster-up installs:", err)
	}
	if before, err := askSetting(t.Context(), "/usr/bin/redis-server"); err != nil || before != "yes" {
		t.Fatalf("this redis-server is not Debian's: protected-mode %q, %v", before, err)
	}
	if err := withoutProtectedMode(t.Context(), server, filepath.Join(t.TempDir(), "redis-server")); err != nil {
		t.Error(err)
	}
}

func TestOtherProgramsAreNotChanged(t *testing.T) {
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	if offset, err := findDefault(self); err == nil {
		t.Errorf("found protected-mode at %d in a program that is not Redis", offset)
	}
}

func TestEntrypoint(t *testing.T) {
	bin := t.TempDir()
	for name, script := range map[string]string{
		"find": "echo find >&2", "id": "echo $ID", "gosu": `echo "gosu $1"; shift; ID=999 exec "$@"`,
		"redis-server": `echo "server $(umask) $*"`, "redis-sentinel": `echo "sentinel $*"`, "other": `echo "other $*"`,
	} {
		if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	entrypoint := filepath.Join(bin, "docker-entrypoint.sh")
	if err := os.WriteFile(entrypoint, []byte(redisEntrypoint), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ id, umask, args, want string }{
		"root starts the server as redis":      {"0", "0022", "redis-server", "find\ngosu redis\nserver 0077 \n"},
		"root starts a Sentinel as redis":      {"0", "0022", "redis-sentinel /s.conf", "find\ngosu redis\nsentinel /s.conf\n"},
		"others start it as they are":          {"1234", "0022", "redis-server", "server 0077 \n"},
		"options are the server's":             {"999", "0022", "--port 1", "server 0077 --port 1\n"},
		"a configuration file is the server's": {"999", "0022", "/etc/redis.conf --port 1", "server 0077 /etc/redis.conf --port 1\n"},
		"a chosen umask stays":                 {"999", "0027", "redis-server", "server 0027 \n"},
		"another program stays root":           {"0", "0022", "other a b", "other a b\n"},
	} {
		t.Run(name, func(t *testing.T) {
			args := append([]string{"-c", "umask " + test.umask + `; exec "$0" "$@"`, entrypoint}, strings.Fields(test.args)...)
			cmd := exec.Command("/bin/sh", args...)
			cmd.Env = []string{"PATH=" + bin + ":/usr/bin:/bin", "ID=" + test.id}
			got, err := cmd.CombinedOutput()
			if err != nil || string(got) != test.want {
				t.Errorf("got %q, %v; want %q", got, err, test.want)
			}
		})
	}
}
