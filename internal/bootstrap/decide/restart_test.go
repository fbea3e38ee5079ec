// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide/decidetest"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// TestAgentThatRestartsAllowsNoWriteByItself: the agent before it may have made this master refuse writes, and the one that has just
// started does not know why. What is set stays, until somebody confirms the master or it refuses again.
func TestAgentThatRestartsAllowsNoWriteByItself(t *testing.T) {
	users := decidetest.Config().MinReplicas
	isolated := formed(0, pod(0, master), pod(1, silent), pod(2, silent))
	isolated.Sentinels = silentSentinels()
	confirmed := formed(0, pod(0, master), pod(1, replica(0)), pod(2, replica(0)))
	for name, c := range map[string]struct {
		view  model.View
		agent Memory
		want  int
	}{
		"nobody confirms it":                                       {isolated, Memory{}, model.AsItIs},
		"my agent knows it, and sees nobody yet":                   {isolated, Memory{AnsweredRun: "run-0"}, users},
		"Sentinels and pods confirm it":                            {confirmed, Memory{}, users},
		"the pods do, without Sentinels":                           {with(confirmed, func(v *model.View) { v.Sentinels = silentSentinels() }), Memory{}, users},
		"the record and the pods do, of which one follows another": {with(formed(0, pod(0, master), pod(1, replica(2)), pod(2, replica(0))), func(v *model.View) { v.Sentinels = silentSentinels() }), Memory{}, users},
	} {
		t.Run(name, func(t *testing.T) {
			d, m := Next(c.view, c.agent)
			if d.Tuning.MinReplicas != c.want {
				t.Errorf("%s/%s: writes need %d replicas, want %d", d.Action, d.Reason, d.Tuning.MinReplicas, c.want)
			}
			if c.want != model.AsItIs {
				return
			}
			if d, m = Next(moment(c.view, firstLook/2), m); d.Tuning.MinReplicas != model.AsItIs {
				t.Errorf("half of its time later: %d", d.Tuning.MinReplicas)
			}
			refused, _ := Next(moment(c.view, firstLook+time.Millisecond), m)
			if refused.Tuning.MinReplicas != model.NoWrites || refused.Ready {
				t.Errorf("after its time: %s/%s, %d", refused.Action, refused.Reason, refused.Tuning.MinReplicas)
			}
			if d, _ = Next(moment(confirmed, firstLook/2), m); d.Tuning.MinReplicas != users {
				t.Errorf("once confirmed: %d", d.Tuning.MinReplicas)
			}
		})
	}
}

// TestMasterThatItsAgentSeesLate: it was made master after its agent had looked, and then all of the machine stood still. Another may have
// been made master since, so that a claim of then does not count any more, and neither does it that nothing has contradicted it yet.
func TestMasterThatItsAgentSeesLate(t *testing.T) {
	waits := with(formed(0, pod(0, replica(2)), pod(1, replica(2)), pod(2, master)), func(v *model.View) { v.Record.Epoch-- })
	isolated := formed(0, pod(0, master), pod(1, silent), pod(2, silent))
	isolated.Sentinels = silentSentinels()
	for after, refuses := range map[time.Duration]bool{100 * time.Millisecond: false, 6 * time.Second: true} {
		_, m := Next(waits, Memory{})
		m.Claimed, m.ClaimedAt = Claimed{Epoch: isolated.Record.Epoch, RunID: isolated.Self.Redis.RunID}, waits.Now
		if d, _ := Next(moment(isolated, after), m); (d.Tuning.MinReplicas == model.NoWrites) != refuses {
			t.Errorf("seen %s after the claim: %s/%s, writes need %d replicas", after, d.Action, d.Reason, d.Tuning.MinReplicas)
		}
	}
}

// TestMasterAgain: what was certain of a mastership that is over says nothing of the next, for or against it.
func TestMasterAgain(t *testing.T) {
	led := formed(0, pod(0, master), pod(1, replica(0)), pod(2, replica(0)))
	follows := formed(1, pod(0, replica(1)), pod(1, master), pod(2, replica(1)))
	isolated := with(formed(0, pod(0, master), pod(1, silent), pod(2, silent)), cutOff)
	for name, before := range map[string]model.View{"it was confirmed": led, "it was not, and its agent had just started": isolated} {
		_, m := Next(before, Memory{})
		_, m = Next(moment(follows, 2*time.Minute-time.Second), m)
		d, m := Next(moment(isolated, 2*time.Minute), m)
		if d.Tuning.MinReplicas == model.NoWrites || d.Tuning.MinReplicas == model.AsItIs {
			t.Errorf("%s: when it is promoted again, writes need %d replicas", name, d.Tuning.MinReplicas)
		}
		if d, _ = Next(moment(isolated, 2*time.Minute+5*time.Second), m); d.Tuning.MinReplicas != model.NoWrites {
			t.Errorf("%s: nobody confirms it, and writes need %d replicas", name, d.Tuning.MinReplicas)
		}
	}
}

// TestWhatTheAPISaysMayBeOld: its word that I lead, where no Sentinel answers, counts for less than what is seen at this moment.
func TestWhatTheAPISaysMayBeOld(t *testing.T) {
	isolated := with(formed(0, pod(0, master), pod(1, silent), pod(2, silent)), cutOff)
	silentSet := func(v *model.View) { v.Sentinels = silentSentinels() }
	restarts := edited(pod(2, silent), func(p *model.Pod) { p.Redis.Refused, p.Down = true, true })
	for name, c := range map[string]struct {
		before model.View
		writes time.Duration
	}{
		"the API, and of the pods one restarts": {with(formed(0, pod(0, master), pod(1, replica(0)), restarts), silentSet), 2*time.Second - 2*soon},
		"every pod follows it":                  {with(formed(0, pod(0, master), pod(1, replica(0)), pod(2, replica(0))), silentSet), 4*time.Second - 2*soon},
	} {
		_, m := Next(c.before, Memory{AnsweredRun: "run-0", Confirmed: clock.Add(-10 * time.Second)})
		for after, refuses := range map[time.Duration]bool{c.writes - 50*time.Millisecond: false, c.writes + 50*time.Millisecond: true} {
			if d, _ := Next(moment(isolated, after), m); (d.Tuning.MinReplicas == model.NoWrites) != refuses {
				t.Errorf("%s: %s after it is cut off, writes need %d replicas", name, after, d.Tuning.MinReplicas)
			}
		}
	}
}
