// SPDX-License-Identifier: Apache-2.0

package process

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/process/lab"
)

// told waits until Events tell of each change of master once, and of nothing else, and checks what they say of the last one.
func told(s *lab.Scene, set *lab.Set, words ...string) {
	s.T.Helper()
	var changes []string
	until(s, stalled, "Events to tell of each change of master", func(ctx context.Context) string {
		var err error
		if changes, err = set.Changes(ctx); err != nil {
			return err.Error()
		}
		return ""
	})
	last := changes[len(changes)-1]
	for _, word := range words {
		if !strings.Contains(last, word) {
			s.T.Errorf("the last change is told as %q, which lacks %q", last, word)
		}
	}
}

// TestStoryOfABadNight: what `kubectl describe` shows of a group to which several things happened, one after the other. Handovers that come
// to nothing and agents that start anew are no changes of master.
func TestStoryOfABadNight(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *lab.Scene) {
		set, master := group(s, lab.Options{})
		told(s, set, master.Name+" leads: the group has formed")
		for _, p := range set.Live() {
			p.CrashAgent(false)
		}
		until(s, stalled, "the agents to lead again", func(ctx context.Context) string {
			for _, p := range set.Live() {
				if p.AgentRestarts() == 0 || p.Reason(ctx) == "" {
					return p.Name + " has none"
				}
			}
			return ""
		})
		told(s, set, master.Name+" leads: the group has formed")

		// Its agent cannot accept: the handover comes to nothing, and is no change.
		next := set.Pods[(master.Ordinal+1)%len(set.Pods)]
		next.CrashAgent(true)
		set.Request(next)
		until(s, stalled, "a handover that comes to nothing", func(context.Context) string {
			if !strings.Contains(master.Log("agent.log"), `"msg":"handover"`) {
				return "not yet"
			}
			return ""
		})
		told(s, set, master.Name+" leads: the group has formed")
		next.Release()
		until(s, stalled, next.Name+" to lead", func(context.Context) string {
			if set.Master() != next {
				return "not yet"
			}
			return ""
		})
		told(s, set, next.Name+" leads instead of "+master.Name+" (HandoverRequested, epoch ", " ms. Writes waited meanwhile")
		set.Request(nil)

		master = set.WaitFormed(stalled)
		master.CrashServer(false)
		now := another(s, set, master)
		told(s, set, now.Name+" leads instead of "+master.Name+" (Transfer", "there was no writable master for at most ", " ms. What "+master.Name+" acknowledged")

		master = set.WaitFormed(30 * time.Second)
		until(s, stalled, "a Sentinel to fail over", func(ctx context.Context) string {
			if err := s.Sentinels.Pods[0].Failover(ctx, set); err != nil {
				return err.Error()
			}
			return ""
		})
		now = another(s, set, master)
		told(s, set, now.Name+" leads instead of "+master.Name+" (PromotedBySentinel, epoch ", master.Name+" answered as master until then")
	})
}

// another waits until another pod leads.
func another(s *lab.Scene, set *lab.Set, than *lab.Pod) (now *lab.Pod) {
	s.T.Helper()
	until(s, stalled, "another master than "+than.Name, func(context.Context) string {
		if now = set.Master(); now == nil || now == than {
			return "not yet"
		}
		return ""
	})
	return now
}
