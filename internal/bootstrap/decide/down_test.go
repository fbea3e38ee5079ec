// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"slices"
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// TestDownByAListOfThisMoment: a watch may show for long that a Redis is down which runs again; so a list is wanted, and nobody claims before it.
func TestDownByAListOfThisMoment(t *testing.T) {
	gone := edited(pod(0, silent), func(p *model.Pod) { p.Down, p.Redis.Refused = true, true })
	v := formed(0, pod(1, replica(0), linkDown), gone, pod(2, replica(0), linkDown))
	for _, c := range []struct {
		change func(*model.View)
		wants  bool
	}{
		{func(*model.View) {}, true},
		{func(v *model.View) { v.Peers[0].Redis.Refused = false }, false},
		{func(v *model.View) { v.Peers[0].Down = false }, false},
	} {
		seen := v
		seen.Peers = slices.Clone(v.Peers)
		c.change(&seen)
		seen.PodsListed = false
		if got := WantsPodList(seen); got != c.wants {
			t.Errorf("a list is wanted: %v, not %v", got, c.wants)
		}
		if d, _ := Next(seen, Memory{SyncedRun: "run-1", Heard: Heard{Epoch: holderAt, At: clock}}); d.Action != Wait {
			t.Errorf("without a list: %s/%s", d.Action, d.Reason)
		}
	}
	if d, _ := Next(v, Memory{SyncedRun: "run-1", Heard: Heard{Epoch: holderAt, At: clock}}); d.Action != Claim {
		t.Errorf("with a list: %s/%s", d.Action, d.Reason)
	}
}

// TestMasterThatIsDownAndReturns: a replica that lacks more than may be lost waits for a master whose append-only file is on a volume.
func TestMasterThatIsDownAndReturns(t *testing.T) {
	gone := edited(pod(0, silent), func(p *model.Pod) { p.Down, p.Redis.Refused = true, true })
	v := formed(0, pod(1, replica(0), linkDown), gone, pod(2, replica(0), linkDown))
	for _, returns := range []bool{true, false} {
		m := Memory{SyncedRun: "run-1", Heard: Heard{Epoch: holderAt, At: clock}, Lead: Lead{Returns: returns, Past: Position{ReplID: lineageID, Offset: 200}}}
		if d, _ := Next(v, m); (d.Action == Wait) != returns {
			t.Errorf("its data is back: %v: %s/%s", returns, d.Action, d.Reason)
		}
	}
}

// TestWhenAMasterWasHeard: while its link is up, my agent remembers when something came over it, and what the kubelet said meanwhile.
func TestWhenAMasterWasHeard(t *testing.T) {
	v := formed(0, pod(1, replica(0)), pod(0, master), pod(2, replica(0)))
	v.Self.Redis.LinkIdle = 700 * time.Millisecond
	_, m := Next(v, Memory{})
	if want := (Heard{Epoch: holderAt, At: clock.Add(-700 * time.Millisecond), Alive: clock}); m.Heard != want {
		t.Errorf("%+v, want %+v", m.Heard, want)
	}
	for name, change := range map[string]func(*model.View){
		"its link is down":                  func(v *model.View) { v.Self.Redis.LinkUp = false },
		"nothing has come over it":          func(v *model.View) { v.Self.Redis.LinkIdle = 5 * time.Second },
		"it follows another":                func(v *model.View) { v.Self.Redis.Following = at(2) },
		"its own Redis is silent":           func(v *model.View) { v.Self.Redis = model.Redis{} },
		"the pod of the record is not seen": func(v *model.View) { v.Peers = v.Peers[1:] },
	} {
		if _, after := Next(with(v, change), m); after.Heard != m.Heard {
			t.Errorf("%s: %+v becomes %+v", name, m.Heard, after.Heard)
		}
	}
	if _, m = Next(with(v, func(v *model.View) { v.Peers = slices.Clone(v.Peers); v.Peers[0].Down = true }), m); !m.Heard.Down {
		t.Error("it was heard while the kubelet said that it is down")
	}
	if _, m = Next(v, m); m.Heard.Down {
		t.Error("the kubelet has said otherwise since")
	}
	if _, m = Next(moment(v, -time.Minute), m); m.Heard.At.After(clock.Add(-time.Minute)) {
		t.Error("it was heard in the future")
	}
}

// TestPeerThatIsDownByAListOfThisMoment: a master that nothing else confirms asks for a list, and what a watch shows is not enough for it.
func TestPeerThatIsDownByAListOfThisMoment(t *testing.T) {
	gone := edited(pod(2, silent), func(p *model.Pod) { p.Down, p.Redis.Refused = true, true })
	v := with(formed(0, pod(0, master), pod(1, replica(0)), gone), func(v *model.View) { v.Sentinels, v.PodsListed = silentSentinels(), false })
	long := Memory{AnsweredRun: "run-0", Confirmed: clock.Add(-4500 * time.Millisecond)}
	if d, _ := Next(v, long); d.Reason != model.Unconfirmed || !WantsPodList(v) {
		t.Errorf("%s, a list is wanted: %v", d.Reason, WantsPodList(v))
	}
	v.PodsListed = true
	if d, _ := Next(v, long); d.Reason != model.Incumbent {
		t.Errorf("with the list: %s", d.Reason)
	}
	if seen := with(v, func(v *model.View) { v.Sentinels = sentinels(at(0), holderAt) }); WantsPodList(seen) {
		t.Error("a master whom Sentinels confirm lists pods")
	}
}

// TestLeftBehindByWhoLives: Sentinels see the process that has come back in a master's place, and the master's own end is no reason to wait.
func TestLeftBehindByWhoLives(t *testing.T) {
	v := formed(0, pod(1, replica(0), linkDown), pod(0, silent), pod(2, replica(0), linkDown))
	heard := Memory{SyncedRun: "run-1", Lead: Lead{Returns: true}, Heard: Heard{Epoch: holderAt, At: clock.Add(-9 * time.Second)}}
	if d, _ := Next(v, heard); d.Tuning.Priority != 0 {
		t.Errorf("priority %d, and the master has gone on without me for nine seconds", d.Tuning.Priority)
	}
	for name, was := range map[string]model.Redis{
		"a replica": pod(0).Redis, "it did not know me": {Denied: "WRONGPASS"}, "it loaded": {Answer: model.Loading},
	} {
		_, m := Next(with(v, func(v *model.View) { v.Peers = slices.Clone(v.Peers); v.Peers[0].Redis = was }), heard)
		if d, _ := Next(v, m); d.Tuning.Priority == 0 {
			t.Errorf("%s was there, and is gone: I cannot be elected", name)
		}
	}
}
