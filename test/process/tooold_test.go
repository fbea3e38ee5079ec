// SPDX-License-Identifier: Apache-2.0

package process

import (
	"context"
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/process/lab"
)

// newEnough is the server of the other pods in a group with one that is too old.
const newEnough = "redis-7.0.15"

// TestServerTooOld: a Redis 6.0 starts and is refused in words. It does not lead, whoever promotes it, and does not follow; its
// data stays, and nobody leads with nothing meanwhile. With a newer image the group has that data.
func TestServerTooOld(t *testing.T) {
	oneVersion(t, newEnough, func(t *testing.T, s *lab.Scene) {
		s.StartSentinels()
		set := s.Set(lab.Options{Name: "redis", Replicas: 3, Persistent: true, Server: find(s, lab.TooOld)})
		old := set.Start(0)
		set.Server = s.Server
		set.StartAll()
		awaitEvent(s, string(model.ServerTooOld))
		until(s, stalled, "its master by hand to have saved a key", func(ctx context.Context) string {
			for _, command := range [][]any{{"replicaof", "no", "one"}, {"set", "kept", "1"}, {"save"}} {
				if _, err := old.Do(ctx, command...); err != nil {
					return err.Error() // the agent was faster
				}
			}
			return ""
		})
		until(s, stalled, "it to be fenced", func(ctx context.Context) string { return fenced(ctx, old) })
		must(t, world.Holds(t.Context(), 3*time.Second, "nobody leads", func(ctx context.Context) string {
			for _, p := range set.Live() {
				if p.Info(ctx, "role") == "master" || p.Ready() {
					return p.Name + " is master or ready"
				}
			}
			return fenced(ctx, old)
		}))
		old.Delete()
		set.Start(old.Ordinal)
		if now := set.WaitFormed(stalled); now.Ordinal != old.Ordinal {
			t.Errorf("%s leads, want the pod with the data", now.Name)
		}
		for _, p := range set.Live() {
			if n := count(s, p, "kept"); n != 1 {
				t.Errorf("%s does not have the key", p.Name)
			}
		}
		oldReplica(s, set)
	})
}

// oldReplica: the image of a replica is changed to one that is too old. The others go on without it.
func oldReplica(s *lab.Scene, set *lab.Set) {
	s.T.Helper()
	master, replica := set.Master(), set.Replica()
	replica.Delete()
	set.LoseDataOf(replica.Ordinal) // Redis 6.0 does not start with the data of a newer one
	set.Server = find(s, lab.TooOld)
	replica = set.Start(replica.Ordinal)
	until(s, stalled, "the replica to be fenced", func(ctx context.Context) string { return fenced(ctx, replica) })
	set.Writable(stalled)
	unmoved(s, set, master, 3*time.Second)
	if missing := fenced(s.T.Context(), replica); missing != "" || replica.Ready() || replica.Label(s.T.Context()) != "" {
		s.T.Errorf("ready %v, label %q, %s", replica.Ready(), replica.Label(s.T.Context()), missing)
	}
}

// fenced says what is missing until a pod follows the fence address; empty when nothing is.
func fenced(ctx context.Context, p *lab.Pod) string {
	if role, host, port := p.Info(ctx, "role"), p.Info(ctx, "master_host"), p.Info(ctx, "master_port"); role != "slave" || host != "127.0.0.1" || port != "1" {
		return p.Name + " answers role " + role + ", and follows " + host
	}
	return ""
}

// find is a server of another version than the scene's.
func find(s *lab.Scene, version string) lab.Server {
	s.T.Helper()
	server, err := s.FindServer(s.T.Context(), version)
	must(s.T, err)
	return server
}

// TestServerNeverAnswers: a Redis that ends whenever it starts is spoken of after a while. Here it is an option that it does not
// know.
func TestServerNeverAnswers(t *testing.T) {
	oneVersion(t, newEnough, func(t *testing.T, s *lab.Scene) {
		s.StartSentinels()
		s.Set(lab.Options{Name: "redis", Replicas: 1, Conf: "no-such-option yes\n"}).StartAll()
		until(s, stalled, "Event NeverAnswered", func(ctx context.Context) string {
			if !s.Event(ctx, string(model.NeverAnswered)) {
				return "not yet"
			}
			return ""
		})
	})
}
