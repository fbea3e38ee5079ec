// SPDX-License-Identifier: Apache-2.0

package process

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/process/lab"
)

const (
	// failover is how long a group may be without a master that takes writes when one vanished: what Sentinel waits, and what
	// it and the agents need in addition.
	failover = lab.DownAfter + 2500*time.Millisecond
	// clientDelay is how much longer a client may take, which waits for answers of the old master before it asks Sentinel.
	clientDelay = 1500 * time.Millisecond
	// stalled is how long anything may take on a machine that stood still: Sentinels declare no server down for half a minute
	// then.
	stalled = time.Minute
)

// durable are the arguments of a Redis that has every acknowledged write on its disk.
var durable = []string{"--appendonly", "yes", "--appendfsync", "always"}

// writing starts a client that writes until the test ends.
func writing(s *lab.Scene, set *lab.Set) *world.Writer {
	s.T.Helper()
	writer, err := world.WriteTo(s.T.Context(), set.Client(), world.Writes{})
	if err != nil {
		s.T.Fatal(err)
	}
	s.T.Cleanup(writer.Close)
	return writer
}

// acknowledge waits for some more acknowledged writes.
func acknowledge(s *lab.Scene, writer *world.Writer, more int) {
	s.T.Helper()
	begin := writer.Acknowledged()
	until(s, stalled, strconv.Itoa(more)+" more acknowledged writes", func(context.Context) string {
		if n := writer.Acknowledged() - begin; n < more {
			return fmt.Sprintf("%d so far", n)
		}
		return ""
	})
}

// written ends the writing and returns what became of it.
func written(s *lab.Scene, writer *world.Writer) world.Written {
	s.T.Helper()
	w, err := writer.Stop(s.T.Context())
	if err != nil {
		s.T.Fatal(err)
	}
	s.Logf("%d writes acknowledged, %d failed, %d lost, longest gap %.2f s", len(w.Acks), len(w.Errors), len(w.Lost), w.LongestGap.Seconds())
	return w
}

func until(s *lab.Scene, within time.Duration, what string, check func(context.Context) string) time.Duration {
	s.T.Helper()
	took, err := world.Until(s.T.Context(), within, what, check)
	if err != nil {
		s.T.Fatal(err)
	}
	s.Logf("%s: after %.2f s", what, took.Seconds())
	return took
}

// forEach does something with several pods at once.
func forEach(pods []*lab.Pod, do func(*lab.Pod)) {
	var group sync.WaitGroup
	for _, p := range pods {
		group.Go(func() { do(p) })
	}
	group.Wait()
}

// awaitEvent waits for an Event.
func awaitEvent(s *lab.Scene, reason string) {
	s.T.Helper()
	until(s, stalled, "Event "+reason, func(ctx context.Context) string {
		if !s.Event(ctx, reason) {
			return "not yet"
		}
		return ""
	})
}

// unmoved waits, and fails if another pod has become master meanwhile.
func unmoved(s *lab.Scene, set *lab.Set, master *lab.Pod, during time.Duration) {
	s.T.Helper()
	before, _, err := set.Record(s.T.Context())
	if err != nil {
		s.T.Fatal(err)
	}
	err = world.Holds(s.T.Context(), during, master.Name+" stays master", func(ctx context.Context) string {
		r, _, failure := set.Record(ctx)
		role := master.Info(ctx, "role")
		switch {
		case failure != nil:
			return failure.Error()
		case r.PodUID != before.PodUID:
			return "the record names " + r.Holder
		case role != "master" && role != "": // no answer in time is none
			return "its Redis answers role " + role
		}
		return ""
	})
	if err != nil {
		s.T.Error(err)
	}
}

// takenOver waits until another pod than the old master takes a write, and fails if that takes too long.
func takenOver(s *lab.Scene, set *lab.Set, old *lab.Pod) {
	s.T.Helper()
	took := until(s, stalled, "another pod to take writes", func(ctx context.Context) string {
		for _, p := range set.Live() {
			if p == old || p.Info(ctx, "role") != "master" {
				continue
			}
			if _, err := p.Do(ctx, "set", "taken-over", 1); err == nil {
				return ""
			}
		}
		return "none does"
	})
	s.Bar("another pod takes writes", took, failover)
}

// keys counts the keys of one pod's Redis.
func stored(s *lab.Scene, p *lab.Pod) int64 {
	s.T.Helper()
	n, err := p.Do(s.T.Context(), "dbsize")
	if err != nil {
		s.T.Fatal(err)
	}
	return n.(int64)
}

// fill writes n keys, each acknowledged, and waits until every replica has them.
func fill(s *lab.Scene, set *lab.Set, n int) {
	s.T.Helper()
	client := set.Client()
	defer client.Close() //nolint:errcheck // the test is over then
	for i := range n {
		if err := client.Set(s.T.Context(), "fill:"+strconv.Itoa(i), i, 0).Err(); err != nil {
			s.T.Fatal(err)
		}
	}
	until(s, 5*time.Second, "every pod to have the keys", func(ctx context.Context) string {
		for _, p := range set.Live() {
			if got, err := p.Do(ctx, "dbsize"); err != nil || got.(int64) < int64(n) {
				return fmt.Sprintf("%s has %v (%v)", p.Name, got, err)
			}
		}
		return ""
	})
}

// filled says what is missing of what fill wrote.
func filled(s *lab.Scene, set *lab.Set, n int) {
	s.T.Helper()
	client := set.Client()
	defer client.Close() //nolint:errcheck // the test is over then
	missing := 0
	for i := range n {
		if got, err := client.Get(s.T.Context(), "fill:"+strconv.Itoa(i)).Int(); err != nil || got != i {
			missing++
		}
	}
	if missing > 0 {
		s.T.Errorf("%d of %d acknowledged writes are lost", missing, n)
	}
}

// must fails the test if there is an error.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// fillOther writes keys of another name.
func fillOther(s *lab.Scene, set *lab.Set, n int) {
	s.T.Helper()
	client := set.Client()
	defer client.Close() //nolint:errcheck // the test is over then
	for i := range n {
		must(s.T, client.Set(s.T.Context(), "other:"+strconv.Itoa(i), i, 0).Err())
	}
}

// count is how many keys of a pod match.
func count(s *lab.Scene, p *lab.Pod, pattern string) int {
	s.T.Helper()
	found, err := p.Do(s.T.Context(), "keys", pattern)
	must(s.T, err)
	return len(found.([]any))
}
