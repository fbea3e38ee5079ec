// SPDX-License-Identifier: Apache-2.0

package process

import (
	"context"
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/redisio"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/process/lab"
)

// shared is the lab of all scenarios.
var shared *lab.Lab

func TestMain(m *testing.M) {
	flag.Parse()
	redisio.Quiet()
	ctrl.SetLogger(logr.Discard())
	code := 1
	if err := open(); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
	} else {
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

// everyVersion runs a scenario with each of the servers, in a namespace of its own. TEST_SERVER names one instead, or, as "ends", the
// oldest and the newest.
func everyVersion(t *testing.T, scenario func(*testing.T, *lab.Scene)) {
	t.Helper()
	versions := lab.Versions
	switch named := os.Getenv("TEST_SERVER"); named {
	case "":
	case "ends":
		versions = []string{lab.Versions[0], lab.Versions[len(lab.Versions)-1]}
	default:
		versions = []string{named}
	}
	with(t, versions, scenario)
}

// oneVersion runs a scenario that the version makes no difference to.
func oneVersion(t *testing.T, version string, scenario func(*testing.T, *lab.Scene)) {
	t.Helper()
	with(t, []string{version}, scenario)
}

func with(t *testing.T, versions []string, scenario func(*testing.T, *lab.Scene)) {
	t.Helper()
	t.Parallel() // most scenarios wait most of the time
	for _, version := range versions {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			scenario(t, shared.NewScene(t, version))
		})
	}
}
