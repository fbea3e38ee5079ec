// SPDX-License-Identifier: Apache-2.0

package soak

import (
	"context"
	"crypto/rand"
	_ "embed"
	"flag"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
)

// The defaults are the share of the end-to-end tests.
var (
	seed      = flag.Uint64("soak.seed", 1, "of the random faults")
	handovers = flag.Int("soak.handovers", 10, "in a row")
	faultsFor = flag.Duration("soak.faults", 75*time.Second, "after this time no further step of faults begins")
	replay    = flag.String("soak.replay", "", "`file` with the schedule to play instead of a seed's")
)

const (
	// wholeWithin bounds how long a group may take to be whole after the last fault of a step has ended. It is long because the kubelet
	// restarts a container that ends again and again only after minutes.
	wholeWithin = 6 * time.Minute
	// perSecond is how much each application writes.
	perSecond = 100
	// bothWithin bounds for how long two servers may acknowledge: a master that may have been replaced notices within two turns.
	bothWithin = 2 * time.Second
	// cleanupWithin bounds what is left to do when the test's own context has ended.
	cleanupWithin = 3 * time.Minute
	// settledWithin is how long replicas may take to say that they have a write.
	settledWithin = 200 * time.Millisecond
)

//go:embed redis.yaml
var redisManifest string

// soak is one group that is disturbed.
type soak struct {
	world   *world.World
	group   world.Group
	clients *clients
	// previous and current are when the last two steps began.
	previous, current time.Time
	// lost are the keys of writes that are known to be lost.
	lost map[string]bool
}

// start makes the group and lets the clients write.
func start(t *testing.T) *soak {
	t.Helper()
	w := connect(t)
	in := "soak-" + strings.ToLower(rand.Text()[:8])
	set := world.SentinelSet{Namespace: in, Name: "sentinel", Size: 3}
	s := &soak{world: w, group: world.Group{Namespace: in, StatefulSet: "redis", Replicas: 3, Sentinels: set}, lost: map[string]bool{}}
	t.Cleanup(func() {
		ctx, cancel := afterwards(t)
		defer cancel()
		if t.Failed() {
			t.Log(s.describe(ctx))
		}
		if err := w.RemoveNamespace(ctx, in); err != nil {
			t.Error(err)
		}
	})
	must(t, w.MakeNamespace(t.Context(), in, nil))
	root, err := world.Root()
	must(t, err)
	must(t, w.Apply(t.Context(), in, filepath.Join(root, "examples", "original", "sentinel.yaml")))
	_, err = w.ApplyText(t.Context(), in, redisManifest)
	must(t, err)
	_, _, err = w.WaitFormed(t.Context(), s.group, wholeWithin)
	must(t, err)
	s.clients, err = startClients(t.Context(), w, s.group)
	must(t, err)
	t.Cleanup(s.clients.close)
	s.current = time.Now()
	s.previous = s.current
	return s
}

func connect(t *testing.T) *world.World {
	t.Helper()
	w, err := world.ConnectForTest(t.Context())
	must(t, err)
	t.Cleanup(w.Close)
	return w
}

// describe tells what the group has been through, by its Events, and what is there now.
func (s *soak) describe(ctx context.Context) string {
	var text strings.Builder
	changes, err := s.world.Events(ctx, s.group.Namespace, "MasterChanged")
	if err != nil {
		fmt.Fprintln(&text, err)
	}
	for _, change := range changes {
		fmt.Fprintf(&text, "%s %s\n", change.CreationTimestamp.UTC().Format(time.TimeOnly), change.Message)
	}
	text.WriteString(s.world.Describe(ctx, s.group.Namespace))
	text.WriteString(s.world.DescribeSentinels(ctx, s.group.Sentinels, s.group.Namespace))
	return text.String()
}

// afterwards is a context for what is left to do when the test's own has ended.
func afterwards(t *testing.T) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(t.Context()), cleanupWithin)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
