// SPDX-License-Identifier: Apache-2.0

package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/process/lab"
)

// quiet is how long a group is watched that has nothing to do.
const quiet = 20 * time.Second

// TestIdleGroupAsksNothing: three Redis and three Sentinels with their agents, formed and written to, send no request to
// the API server in twenty seconds. Their watches stay open, and are renewed every five to ten minutes.
func TestIdleGroupAsksNothing(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *lab.Scene) {
		set, _ := group(s, lab.Options{})
		writing(s, set)
		time.Sleep(5 * time.Second) // what formation left to do: labels, members
		var requests []lab.Request
		for range 3 { // on a busy machine a Redis may not answer in time, and then somebody looks after the record
			begin := time.Now()
			time.Sleep(quiet)
			var err error
			requests, err = s.Requests(begin)
			must(t, err)
			for _, r := range requests {
				s.Logf("%s %s by %s after %.1f s", r.Verb, r.Resource, r.User, r.At.Sub(begin).Seconds())
			}
			if len(requests) == 0 {
				break
			}
		}
		before, err := s.Requests(s.Start)
		must(t, err)
		if len(before) == 0 {
			t.Error("no request at all was logged: this test does not see them")
		}
		if len(requests) > 0 {
			t.Errorf("%d requests in each of three times %s at rest", len(requests), quiet)
		}
		s.Logf("%d requests in %s at rest; %d were answered before", len(requests), quiet, len(before)-len(requests))
	})
}

// TestMasterCannotSave: the disk of the master is full, and Redis refuses writes.
func TestMasterCannotSave(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *lab.Scene) {
		set, sick := group(s, lab.Options{Args: []string{"--save", "3600", "1"}})
		fill(s, set, 100)
		must(t, sick.FillDisk())
		command(t, sick, "bgsave")
		s.Bar("writable", set.Writable(stalled), failover)
		until(s, stalled, "another master", func(context.Context) string {
			if now := set.Master(); now == nil || now == sick {
				return "none yet"
			}
			return ""
		})
		awaitEvent(s, "CannotSave")
		must(t, sick.EmptyDisk())
		set.WaitFormed(stalled)
		filled(s, set, 100)
	})
}

// TestClientsOfADemotedMasterAreSentAway: a connection that stayed open would get READONLY for ever.
func TestClientsOfADemotedMasterAreSentAway(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *lab.Scene) {
		set, old := group(s, lab.Options{})
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", net.JoinHostPort(old.Address.String(), "6379"))
		must(t, err)
		defer conn.Close() //nolint:errcheck // it is closed already
		_, err = conn.Write([]byte("PING\r\n"))
		must(t, err)
		must(t, s.Sentinels.Pods[0].Failover(t.Context(), set))
		must(t, conn.SetReadDeadline(time.Now().Add(stalled)))
		for err == nil {
			_, err = conn.Read(make([]byte, 64))
		}
		if timeout := net.Error(nil); !errors.Is(err, io.EOF) && errors.As(err, &timeout) && timeout.Timeout() {
			t.Error("the connection stays open")
		}
		set.WaitFormed(stalled)
		if old.Info(t.Context(), "role") != "slave" {
			t.Errorf("%s was not demoted: this test shows nothing", old.Name)
		}
	})
}

// TestUsersOwnFile (K-C7): what a user's redis.conf says of the master has no effect, and what the agent cannot work with is
// reported by an Event. The other values stay.
func TestUsersOwnFile(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *lab.Scene) {
		set, master := group(s, lab.Options{Conf: "maxmemory 77mb\nreplicaof 10.9.9.9 6379\nrename-command SHUTDOWN \"\"\nreplica-priority 30\n"})
		awaitEvent(s, "UnsuitableConfiguration")
		fill(s, set, 100)
		filled(s, set, 100)
		got, err := master.Do(t.Context(), "config", "get", "maxmemory")
		if err != nil || fmt.Sprint(got) != "[maxmemory 80740352]" {
			t.Errorf("the user's maxmemory is lost: %v, %v", got, err)
		}
	})
}
