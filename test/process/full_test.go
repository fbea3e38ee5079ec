// SPDX-License-Identifier: Apache-2.0

package process

import (
	"context"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/process/lab"
)

// TestMasterIsFull: clients have taken all the connections of the master, and its agent, which comes up again, is not let in. It says so, and
// the master stays: its replicas and its Sentinels are connected. With room again everything is as before.
func TestMasterIsFull(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *lab.Scene) {
		set, master := group(s, lab.Options{})
		fill(s, set, 100)
		before, _, err := set.Record(t.Context())
		must(t, err)
		_, err = master.Do(t.Context(), "config", "set", "maxclients", 60)
		must(t, err)
		master.CrashAgent(true)
		leave := crowd(s, master)
		master.Release()
		until(s, stalled, "its agent to say that it is not let in", func(ctx context.Context) string {
			if reason := master.Reason(ctx); reason != string(model.TooManyClients) {
				return "it says " + reason
			}
			return ""
		})
		awaitEvent(s, string(model.TooManyClients))
		leave()
		if now := set.WaitFormed(stalled); now != master {
			t.Errorf("%s leads, %s did", now.Name, master.Name)
		}
		after, _, err := set.Record(t.Context())
		must(t, err)
		if after.Epoch != before.Epoch {
			t.Errorf("the mastership has changed: epoch %d, then %d", before.Epoch, after.Epoch)
		}
		filled(s, set, 100)
	})
}

// crowd takes every connection that a pod's Redis has, and each that somebody gives back, until it is asked to leave. It returns when Redis is
// full.
func crowd(s *lab.Scene, p *lab.Pod) (leave func()) {
	s.T.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(s.T.Context()))
	full := make(chan struct{})
	var once, out sync.Once
	var all sync.WaitGroup
	all.Go(func() {
		var guests []net.Conn
		for turnedAway := 0; ctx.Err() == nil; {
			if conn := enter(ctx, p); conn != nil {
				guests, turnedAway = append(guests, conn), 0
				continue
			}
			if turnedAway++; turnedAway > 10 { // nobody leaves any more
				once.Do(func() { close(full) })
			}
			time.Sleep(20 * time.Millisecond)
		}
		for _, conn := range guests {
			_ = conn.Close()
		}
	})
	leave = func() { out.Do(func() { cancel(); all.Wait() }) }
	s.T.Cleanup(leave)
	select {
	case <-full:
	case <-time.After(stalled):
		s.T.Fatal("Redis takes ever more clients")
	}
	return leave
}

// enter connects to a pod's Redis; nil where that does not let it in.
func enter(ctx context.Context, p *lab.Pod) net.Conn {
	conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", net.JoinHostPort(p.Address.String(), "6379"))
	if err != nil {
		return nil
	}
	_ = conn.SetDeadline(time.Now().Add(2 * time.Second))
	answer := make([]byte, 64)
	if _, err = conn.Write([]byte("PING\r\n")); err == nil {
		var n int
		if n, err = conn.Read(answer); err == nil && strings.HasPrefix(string(answer[:n]), "+PONG") {
			return conn
		}
	}
	_ = conn.Close()
	return nil
}
