// SPDX-License-Identifier: Apache-2.0

package image

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// imitation is a folder that stands for the root of an image.
type imitation string

// put writes a file whose text names absolute paths of the image, which are
// paths in the imitation then.
func (i imitation) put(t *testing.T, name, text string, places ...string) {
	t.Helper()
	var moved []string
	for _, place := range places {
		moved = append(moved, place, string(i)+place)
	}
	path := filepath.Join(string(i), name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.NewReplacer(moved...).Replace(text)), 0o755); err != nil {
		t.Fatal(err)
	}
}

// run runs a program of the imitation, in whose arguments and variables "~" is
// the imitation's root, and returns what it says, with paths of the image.
func (i imitation) run(variables []string, line ...string) (string, error) {
	inside := strings.NewReplacer("~", string(i))
	for at := range line {
		line[at] = inside.Replace(line[at])
	}
	cmd := exec.Command(line[0], line[1:]...)
	cmd.Env = []string{"PATH=" + string(i) + "/bin:/usr/bin:/bin"}
	for _, variable := range variables {
		cmd.Env = append(cmd.Env, inside.Replace(variable))
	}
	said, err := cmd.CombinedOutput()
	return strings.ReplaceAll(string(said), string(i), ""), err
}

// toldServer says what it is told, and what its configuration says.
const toldServer = "#!/bin/sh\necho \"server $*\"\n[ ! -f \"$1\" ] || cat \"$1\"\n"

func TestBitnamiStarts(t *testing.T) {
	const (
		script = "~/scripts/run.sh"
		told   = "server /opt/bitnami/redis/etc/redis.conf --daemonize no"
		usual  = told + "\nport 6379\ndir /bitnami/redis/data\nappendonly yes\n"
	)
	for name, test := range map[string]struct {
		variables  string
		line       string
		files      map[string]string
		want       string
		wantFailed bool
	}{
		"with a password":             {variables: "REDIS_PASSWORD=p", line: script, want: usual + "requirepass p\n"},
		"with the password of a file": {variables: "REDIS_PASSWORD=p REDIS_PASSWORD_FILE=~/secret", line: script, want: usual + "requirepass of-file\n"},
		"with no password where nobody says so": {
			line: script, wantFailed: true,
			want: "entrypoint.sh: no password: set REDIS_PASSWORD, or ALLOW_EMPTY_PASSWORD=yes\n",
		},
		"with no password": {variables: "ALLOW_EMPTY_PASSWORD=yes", line: script, want: usual + "protected-mode no\n"},
		"with variables": {
			variables: "REDIS_PASSWORD=p REDIS_PORT_NUMBER=7000 REDIS_AOF_ENABLED=no REDIS_DATA_DIR=~/other", line: script,
			want: told + "\nport 7000\ndir /other\nappendonly no\nrequirepass p\n",
		},
		"with flags": {
			variables: "REDIS_PASSWORD=p REDIS_EXTRA_FLAGS=--hz\t5\t--maxmemory\t1mb", line: script + " --port 7001",
			want: strings.Replace(usual, "no\n", "no --hz 5 --maxmemory 1mb --port 7001\n", 1) + "requirepass p\n",
		},
		"with the user's file": {
			variables: "REDIS_PASSWORD=p", line: script, files: map[string]string{"redis.conf": "maxmemory 1mb\n", "overrides.conf": ""},
			want: told + "\nmaxmemory 1mb\n",
		},
		"with the user's file beside its own": {
			variables: "REDIS_PASSWORD=p", line: script, files: map[string]string{"overrides.conf": ""},
			want: usual + "requirepass p\ninclude /opt/bitnami/redis/mounted-etc/overrides.conf\n",
		},
		"what else it is asked for": {line: "redis-server --port 7001", want: "server --port 7001\n"},
	} {
		t.Run(name, func(t *testing.T) {
			in := imitation(t.TempDir())
			in.put(t, "/scripts/entrypoint.sh", bitnamiEntrypoint, "/opt/bitnami", "/bitnami/redis/data")
			in.put(t, "/scripts/run.sh", bitnamiRun, "/opt/bitnami")
			in.put(t, "/bin/redis-server", toldServer)
			in.put(t, "/opt/bitnami/redis/etc/redis.conf", "of another start\n")
			in.put(t, "/secret", "of-file\n")
			for file, text := range test.files {
				in.put(t, "/opt/bitnami/redis/mounted-etc/"+file, text)
			}
			variables := strings.Split(test.variables, " ")
			got, err := in.run(variables, append([]string{"~/scripts/entrypoint.sh"}, strings.Fields(test.line)...)...)
			if got != test.want || (err != nil) != test.wantFailed {
				t.Errorf("got %q, %v; want %q", got, err, test.want)
			}
		})
	}
}

func TestStackStarts(t *testing.T) {
	const usual = " --protected-mode no --daemonize no --loadmodule /opt/redis-stack/lib/tally.so"
	for name, test := range map[string]struct {
		variables []string
		file      bool
		want      string
	}{
		"by itself":            {nil, false, "server --dir /data" + usual + "\n"},
		"with the user's file": {nil, true, "server /redis-stack.conf --dir /data" + usual + "\nmaxmemory 1mb\n"},
		"with variables":       {[]string{"REDIS_DATA_DIR=/other", "REDIS_ARGS=--port 7000  --hz 5"}, false, "server --dir /other" + usual + " --port 7000 --hz 5\n"},
	} {
		t.Run(name, func(t *testing.T) {
			in := imitation(t.TempDir())
			in.put(t, "/entrypoint.sh", stackEntrypoint, stackHome, "/redis-stack.conf")
			in.put(t, stackHome+"/bin/redis-server", toldServer)
			if test.file {
				in.put(t, "/redis-stack.conf", "maxmemory 1mb\n")
			}
			if got, err := in.run(test.variables, "/bin/sh", "~/entrypoint.sh"); err != nil || got != test.want {
				t.Errorf("got %q, %v; want %q", got, err, test.want)
			}
		})
	}
}

func TestSelfStartTakesNoNotice(t *testing.T) {
	const want = "server --port 6379 --protected-mode no\n"
	for _, args := range []string{"", "redis-server /etc/redis.conf", "sh -c true"} {
		in := imitation(t.TempDir())
		in.put(t, "/start.sh", selfStart, "/data")
		in.put(t, "/bin/redis-server", toldServer)
		in.put(t, "/data/dump.rdb", "")
		if got, err := in.run(nil, append([]string{"~/start.sh"}, strings.Fields(args)...)...); err != nil || got != want {
			t.Errorf("asked for %q: got %q, %v; want %q", args, got, err, want)
		}
	}
}

func TestBitnamiNeedsNoRoot(t *testing.T) {
	img := bitnami(Tree{}, "7.0.15")
	if img.Config.User != "1001" || !slices.Contains(img.Config.Env, "PATH=/opt/bitnami/common/bin:/opt/bitnami/redis/bin:"+searched) {
		t.Errorf("configuration %+v", img.Config)
	}
	var archive bytes.Buffer
	if err := img.Files.write(&archive); err != nil {
		t.Fatal(err)
	}
	owners := map[string]int{"bitnami/redis/data/": 1001, "opt/bitnami/redis/etc/": 0}
	for reader := tar.NewReader(&archive); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if header.Name == "data/" {
			t.Error("there is a folder /data, which this image is known not to have")
		}
		owner, looked := owners[header.Name]
		if looked && (header.Uid != owner || header.Gid != 0 || header.Mode != 0o775) {
			t.Errorf("%s belongs to %d:%d with mode %o", header.Name, header.Uid, header.Gid, header.Mode)
		}
		delete(owners, header.Name)
	}
	if len(owners) > 0 {
		t.Errorf("missing: %v", owners)
	}
}
