// SPDX-License-Identifier: Apache-2.0

package process

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"hash/crc32"
	"os"
	"testing"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/redisio"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/process/lab"
)

// shared is the lab of all scenarios; nil where it cannot be, and absent says why.
var (
	shared *lab.Lab
	absent error
)

func TestMain(m *testing.M) {
	flag.Parse()
	redisio.Quiet()
	ctrl.SetLogger(logr.Discard())
	code := 1
	switch err := open(); {
	case err != nil && os.Getenv("REQUIRE_PROCESS") == "1":
		fmt.Fprintln(os.Stderr, "error:", err)
	default:
		absent = err
		code = m.Run()
	}
	if shared != nil {
		shared.Close()
	}
	os.Exit(code)
}

func open() (err error) {
	if os.Getenv("KUBEBUILDER_ASSETS") == "" || os.Getuid() != 0 {
		return fmt.Errorf("processes in network namespaces need root, and an API server that KUBEBUILDER_ASSETS names: make process")
	}
	shared, err = lab.Open(context.Background(), "../..") //nolint:forbidigo // before any test
	return err
}

// serverOf is the version of a scenario that runs with one only: its name chooses, so that together they run with all.
func serverOf(t *testing.T) string {
	return cmp.Or(os.Getenv("TEST_SERVER"), lab.Versions[crc32.ChecksumIEEE([]byte(t.Name()))%uint32(len(lab.Versions))])
}

// scene makes a namespace for servers of a version; the scenario's own where none is given.
func scene(t *testing.T, version ...string) *lab.Scene {
	t.Helper()
	if absent != nil {
		t.Skip(absent)
	}
	t.Parallel()
	return shared.NewScene(t, append(version, serverOf(t))[0])
}

// everyVersion runs a scenario with each of the servers, or with the one that TEST_SERVER names.
func everyVersion(t *testing.T, scenario func(*testing.T, *lab.Scene)) {
	versions := lab.Versions
	if os.Getenv("TEST_SERVER") != "" {
		versions = []string{serverOf(t)}
	}
	for _, version := range versions {
		t.Run(version, func(t *testing.T) { scenario(t, scene(t, version)) })
	}
}
