// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
)

const (
	// generous bounds waits whose time is measured and printed, not asserted.
	generous = 2 * time.Minute
	// cleanupWithin bounds what a test cleans up.
	cleanupWithin = 3 * time.Minute
)

// release is where the chart is installed.
const release = "redis-sentinel-webhook"

func TestMain(m *testing.M) {
	code := m.Run()
	if err := allGone(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// deleted are the namespaces that tests deleted without waiting: the next test need not wait for the last one's pods.
var deleted []string

// allGone waits until nothing is left of the tests' namespaces.
func allGone(ctx context.Context) error {
	if len(deleted) == 0 {
		return nil
	}
	w, err := world.Connect(ctx, os.Getenv("KUBECONFIG"))
	if err != nil {
		return err
	}
	defer w.Close()
	for _, name := range deleted {
		err = errors.Join(err, w.NamespaceGone(ctx, name))
	}
	return err
}

// connect returns the cluster under test.
func connect(t *testing.T) *world.World {
	t.Helper()
	w, err := world.ConnectForTest(t.Context())
	must(t, err)
	t.Cleanup(w.Close)
	return w
}

// needsNode ends the test where processes cannot be killed from the node.
func needsNode(t *testing.T, w *world.World) {
	t.Helper()
	if !w.CanKill() {
		t.Fatal(world.ErrNoTool)
	}
}

// namespace makes a namespace for this test alone and removes it afterwards; a failed test first prints what is in it.
func namespace(t *testing.T, w *world.World, labels map[string]string) string {
	t.Helper()
	words := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(strings.TrimPrefix(t.Name(), "Test")))
	name := strings.Trim(words[:min(len(words), 40)], "-") + "-" + strings.ToLower(rand.Text()[:5])
	t.Cleanup(func() {
		ctx, cancel := afterwards(t)
		defer cancel()
		if t.Failed() {
			t.Log(w.Describe(ctx, name))
			t.Log(w.DescribeSentinels(ctx, world.ChartSentinels, name))
		}
		if err := w.DeleteNamespace(ctx, name); err != nil {
			t.Error(err)
		}
		deleted = append(deleted, name)
	})
	if err := w.MakeNamespace(t.Context(), name, labels); err != nil {
		t.Fatal(err)
	}
	return name
}

// afterwards is a context for cleaning up when the test's own has ended.
func afterwards(t *testing.T) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(t.Context()), cleanupWithin)
}

// must ends the test if there is an error.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// formed waits until the group is formed.
func formed(t *testing.T, w *world.World, group world.Group) (world.View, time.Duration) {
	t.Helper()
	view, took, err := w.WaitFormed(t.Context(), group, generous)
	must(t, err)
	return view, took
}

// until waits for a condition.
func until(t *testing.T, what string, check func(context.Context) (missing string)) time.Duration {
	t.Helper()
	took, err := world.Until(t.Context(), generous, what, check)
	must(t, err)
	return took
}

// writing starts a client that writes through Sentinel until the test ends or stops it.
func writing(t *testing.T, w *world.World, group world.Group, writes world.Writes) *world.Writer {
	t.Helper()
	writer, err := w.StartWriter(t.Context(), group, writes)
	must(t, err)
	t.Cleanup(writer.Close)
	return writer
}

// acknowledged waits until the writer has so many more acknowledged writes than now.
func acknowledged(t *testing.T, writer *world.Writer, more int) {
	t.Helper()
	want := writer.Acknowledged() + more
	until(t, "acknowledged writes", func(context.Context) string {
		if writer.Acknowledged() < want {
			return "too few so far"
		}
		return ""
	})
}

// stopped ends the writer, and prints and returns what became of its writes.
func stopped(t *testing.T, writer *world.Writer) world.Written {
	t.Helper()
	written, err := writer.Stop(t.Context())
	must(t, err)
	t.Log(written)
	return written
}
