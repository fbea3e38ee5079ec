// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// silence is a view in which one answer of another view is missing.
type silence struct {
	of   string
	view model.View
}

// silences takes each answer away in turn: every other Redis, every Sentinel, the API.
func silences(v model.View) []silence {
	var all []silence
	for i, p := range v.Peers {
		if p.Redis.Answer != model.Silent {
			s := silence{"redis of " + p.Name, v}
			s.view.Peers = slices.Clone(v.Peers)
			s.view.Peers[i].Redis = model.Redis{}
			all = append(all, s)
		}
	}
	for i, sentinel := range v.Sentinels {
		if sentinel.Answered {
			s := silence{fmt.Sprint("sentinel ", i), v}
			s.view.Sentinels = slices.Clone(v.Sentinels)
			s.view.Sentinels[i] = model.Sentinel{}
			all = append(all, s)
		}
	}
	if v.API {
		s := silence{"API", v}
		s.view.API = false
		all = append(all, s)
	}
	return all
}

func enables(d Decision) bool { return d.Action == Claim || d.Action == Promote }

// silenceThatMayEnable is what of S7 does not hold, and why that is borne.
var silenceThatMayEnable = []excuse{
	{"an epoch that only this Sentinel knew is not known without it; the compare-and-swap and the next hello mend it", func(u turn) bool {
		return leaderOf(&u.before).epoch > leaderOf(&u.view).epoch
	}},
	{"two Sentinels name two addresses at one epoch, and one of them falls silent", func(u turn) bool { return torn(u.before) }},
	{"without a majority of Sentinels that watch the named master the other witnesses speak: the pod is not Ready, and every link to it is down", func(u turn) bool {
		watched := func(v model.View) bool {
			address := leaderOf(&v).address
			return newSituation(v, Memory{}).majority(func(s *model.Sentinel) bool { return s.Monitors && s.Address == address })
		}
		return watched(u.before) && !watched(u.view)
	}},
	{"in an outage of the API no pod can offer or claim: my data goes on leading at the old epoch, as long as most Sentinels name me", func(u turn) bool {
		return u.before.API && !u.view.API && u.decision.Action == Promote && u.decision.Reason == model.RestartedInPlace && newSituation(u.view, Memory{}).majorityNamesSelf()
	}},
	{"the named master answers at this instant, after it was missed for longer than a failover takes", func(u turn) bool {
		leader := newSituation(u.before, u.memory).leaderPod
		silenced := leader != nil && leader.Redis.Answer != model.Silent && newSituation(u.view, u.memory).leaderPod.Redis.Answer == model.Silent
		return silenced && u.view.Now.Sub(u.memory.SilentSince) > u.view.Config.DownAfter+u.view.Config.FailoverTimeout
	}},
	{"a group that has no holder forms without Sentinels: a failover that one of them is at is of a time before", func(u turn) bool {
		return !u.view.Record.HasHolder() && waiting(u.view, u.memory).budgetSpent() && u.before.API == u.view.API && reflect.DeepEqual(u.before.Peers, u.view.Peers)
	}},
	{"recovery-timeout bounds the wait for a candidate: one that was silent for so long is not waited for", func(u turn) bool {
		return waiting(u.view, u.memory).budgetSpent() && u.before.API == u.view.API && slices.Equal(u.before.Sentinels, u.view.Sentinels)
	}},
}

// torn reports whether two Sentinels that answered name two addresses at one epoch.
func torn(v model.View) bool {
	names := map[uint64]model.Address{}
	for _, s := range v.Sentinels {
		if s.Monitors && !s.FailoverInProgress {
			if other, known := names[s.ConfigEpoch]; known && other != s.Address {
				return true
			}
			names[s.ConfigEpoch] = s.Address
		}
	}
	return false
}

// checkSilence is S7: what a pod does not dare while another answers, it does not dare when that one falls silent, at the same
// instant and with the same memory. The memory is the one that fits the view before, and the one that fits the view after: an
// agent that waited long for a pod that was silent all the time.
func checkSilence(group []turn, wrong *findings) {
	for _, u := range group {
		for _, s := range silences(u.view) {
			for _, m := range []Memory{u.memory, memoryOf(s.view, u.kind)} {
				before, _ := Next(u.view, m)
				after, _ := Next(s.view, m)
				if !enables(before) && enables(after) {
					silent := turn{world: u.world, kind: u.kind, memory: m, before: u.view, view: s.view, decision: after}
					wrong.add("S7: "+s.of+" falls silent: "+before.Action.String()+" becomes "+after.Action.String(), silent)
				}
			}
		}
	}
}
