// SPDX-License-Identifier: Apache-2.0

package process

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/process/lab"
)

// TestFailoverOfALivingMaster: somebody tells a Sentinel to fail over, again and again, under load. The master hears that the Sentinel
// leads, and lets go before another is promoted.
func TestFailoverOfALivingMaster(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *lab.Scene) {
		set, master := group(s, lab.Options{})
		writer := writing(s, set)
		const failovers = 4
		for range failovers {
			acknowledge(s, writer, 100)
			until(s, stalled, "a Sentinel to fail over", func(ctx context.Context) string {
				if err := s.Sentinels.Pods[0].Failover(ctx, set); err != nil {
					return err.Error()
				}
				return ""
			})
			until(s, stalled, "another master", func(context.Context) string {
				if now := set.Master(); now == nil || now == master {
					return "not yet"
				}
				return ""
			})
			master = set.WaitFormed(stalled)
		}
		acknowledge(s, writer, 100)
		if w := written(s, writer); len(w.Lost) > 0 {
			t.Errorf("%d of %d acknowledged writes are lost, and every master lived", len(w.Lost), len(w.Acks))
		}
		if n := heldBack(s, set); n == 0 || n >= 2*failovers { // who was promoted holds nothing back
			t.Errorf("agents have held writes back %d times for %d failovers", n, failovers)
		}
	})
}

// busyScript writes, so that nobody may end it before its time.
const busyScript = `redis.call('set', KEYS[1], 'written') local from = redis.call('time')[1] + 0
	while redis.call('time')[1] + 0 < from + ARGV[1] + 0 do end return 'acknowledged'`

// busy runs that script on a pod until long after down-after, and tells how it ended.
func busy(t *testing.T, master *lab.Pod) <-chan error {
	ended := make(chan error, 1)
	o := *master.Redis().Options()
	o.ReadTimeout, o.MaxRetries = time.Minute, -1
	go func() {
		client := redis.NewClient(&o)
		defer client.Close() //nolint:errcheck // it may be closed already
		ended <- client.Eval(t.Context(), busyScript, []string{"of-the-script"}, (lab.DownAfter + 10*time.Second).Seconds()).Err()
	}()
	return ended
}

// TestScriptIsNamed: once a server says that a script keeps it, whoever describes the StatefulSet reads so.
func TestScriptIsNamed(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *lab.Scene) {
		set, master := group(s, lab.Options{})
		if _, err := master.Do(t.Context(), "config", "set", "busy-reply-threshold", "500"); err != nil {
			t.Fatal(err)
		}
		ended := busy(t, master)
		now := another(s, set, master)
		if err := <-ended; err == nil || errors.Is(err, redis.Nil) {
			t.Error("the script was acknowledged by a master that had been replaced")
		}
		told(s, set, now.Name+" leads instead of "+master.Name, "A script kept "+master.Name+" from answering")
	})
}

// heldBack is for how many failovers the agents of a set have held writes back, by their metrics.
func heldBack(s *lab.Scene, set *lab.Set) int {
	s.T.Helper()
	all := 0
	labels := fmt.Sprintf("{group=%q,cause=\"failover\"} ", set.MasterName())
	for _, p := range set.Live() {
		for line := range strings.Lines(p.Metrics(s.T.Context())) {
			if value, ok := strings.CutPrefix(line, "redis_sentinel_agent_handover_pause_seconds_count"+labels); ok {
				n, err := strconv.Atoi(strings.TrimSpace(value))
				must(s.T, err)
				all += n
			}
			if strings.HasPrefix(line, "redis_sentinel_agent_handover_pause_seconds_") {
				s.Logf("%s: %s", p.Name, line)
			}
		}
	}
	return all
}

// TestScriptThatOutlastsDownAfter: a script writes, and keeps the master from answering until Sentinels have promoted another. Nobody
// is told that what it wrote has been written.
func TestScriptThatOutlastsDownAfter(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *lab.Scene) {
		set, master := group(s, lab.Options{})
		writer := writing(s, set)
		acknowledge(s, writer, 100)
		ended := busy(t, master)
		another(s, set, master)
		if err := <-ended; err == nil || errors.Is(err, redis.Nil) {
			t.Error("the script was acknowledged by a master that had been replaced")
		}
		acknowledge(s, writer, 100)
		now := set.WaitFormed(stalled)
		if w := written(s, writer); len(w.Lost) > 0 {
			t.Errorf("%d of %d acknowledged writes are lost", len(w.Lost), len(w.Acks))
		}
		if said, err := now.Do(t.Context(), "exists", "of-the-script"); err != nil || said != int64(0) {
			t.Errorf("what the script wrote is there: %v, %v", said, err)
		}
	})
}
