// SPDX-License-Identifier: Apache-2.0

package report

import (
	"strings"
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide/decidetest"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

var (
	follows, leads = decidetest.Pod(1, decidetest.Replica(0)), decidetest.Pod(1, decidetest.Master)
	silent         = decidetest.Pod(0, decidetest.Silent)
	idle, retain   = decide.Decision{Action: decide.Wait}, decide.Decision{Action: decide.Retain}
)

// living is the former master, who answers and has more than I; busy is the same while a script keeps it from answering.
func living() model.Pod {
	p := decidetest.Pod(0, decidetest.Master)
	p.Redis.Offset = 150
	return p
}

func busy() model.Pod {
	p := decidetest.Pod(0, decidetest.Silent)
	p.Redis.Busy = true
	return p
}

// at is the view of pod 1 some time after the beginning.
func at(after time.Duration, named int, self model.Pod, peers ...model.Pod) model.View {
	v := decidetest.Formed(named, self, peers...)
	v.Now = decidetest.Clock.Add(after)
	return v
}

// led is a view whose record says that pod 1 leads, and instead of whom, why and since when.
func led(after time.Duration, from string, cause model.Reason, since time.Duration, peers ...model.Pod) model.View {
	v := at(after, 1, leads, peers...)
	v.Record.Change = &model.Change{From: from, To: v.Self.UID, Cause: cause, Epoch: v.Record.Epoch, At: decidetest.Clock.Add(since)}
	return v
}

// TestEveryChangeIsToldOnce: with who led before, why, and what it cost; and what is no change is not told.
func TestEveryChangeIsToldOnce(t *testing.T) {
	const second = time.Second
	offered := at(2*second, 0, follows, living())
	withoutHistory := led(5*second, "redis-0", model.MasterGone, 2*second, silent)
	withoutHistory.Record.Change = nil
	type turn struct {
		view     model.View
		decision decide.Decision
	}
	first := turn{at(0, 0, follows, living()), idle}
	for name, c := range map[string]struct {
		turns []turn
		// word is the turn before which the agent accepts an offer by its word; 0 is none.
		word    int
		want    []string
		unseen  bool
		never   string // what it may not say
		planned bool
	}{
		"a crash": {
			turns: []turn{first, {at(second, 0, follows, silent), idle}, {led(1200*time.Millisecond, "redis-0", model.MasterGone, second, silent), retain}},
			want:  []string{"redis-1 leads instead of redis-0 (MasterGone, epoch", "at most 1200 ms", "What redis-0 acknowledged", "at least 50 bytes"},
		},
		"a pod that is gone": {
			turns: []turn{first, {at(second, 0, follows), idle}, {led(1200*time.Millisecond, "redis-0", model.MasterGone, second), retain}},
			want:  []string{"at most 1200 ms"},
		},
		"a crash in place": {
			turns: []turn{first, {led(400*time.Millisecond, "redis-0", model.TransferAfterRestart, 300*time.Millisecond, decidetest.Pod(0, decidetest.Replica(1))), retain}},
			want:  []string{"(TransferAfterRestart, epoch", "at most 400 ms", "is lost"},
		},
		"a Sentinel's choice": {
			turns: []turn{first, {at(second, 0, leads, silent), idle}, {led(3*second, "redis-0", model.NativeSwitch, 2900*time.Millisecond, silent), retain}},
			want:  []string{"(PromotedBySentinel, epoch", "at most 1000 ms"},
		},
		"a Sentinel's choice while the API is away": {
			turns: []turn{first, {at(second, 0, leads, silent), idle}, {led(600*second, "redis-0", model.NativeSwitch, 599*second, silent), retain}},
			want:  []string{"at most 1000 ms"},
		},
		"a Sentinel's choice while the master lives": {
			turns: []turn{first, {at(second, 0, leads, living()), idle}, {led(3*second, "redis-0", model.NativeSwitch, 2*second, silent), retain}},
			want:  []string{"is not known", "redis-0 answered as master until then", "held writes back in time"},
			never: "bytes",
		},
		"a script": {
			turns: []turn{first, {at(second, 0, follows, silent), idle}, {at(6*second, 0, follows, busy()), idle}, {at(6500*time.Millisecond, 0, follows, decidetest.Pod(0, decidetest.Replica(1))), idle}, {led(7*second, "redis-0", model.NativeSwitch, 7*second, silent), retain}},
			want:  []string{"at most 7000 ms", "A script kept redis-0 from answering"},
		},
		"a handover": {
			turns:   []turn{first, {led(2100*time.Millisecond, "redis-0", model.HandoverRequested, 2*second, decidetest.Pod(0, decidetest.Replica(1))), retain}},
			word:    1,
			want:    []string{"(HandoverRequested, epoch", "at most 45 ms", "none that was acknowledged is lost"},
			planned: true,
		},
		"a crash after a handover that came to nothing": {
			turns: []turn{
				first,
				{at(3*second, 2, follows, silent), idle},
				{led(9*second, "redis-2", model.MasterGone, 9*second, silent), retain},
			},
			word: 1, want: []string{"instead of redis-2", "is not known"}, never: "45 ms",
		},
		"the group forms":            {turns: []turn{{at(0, 0, follows), idle}, {led(second, "", model.AllEmpty, second), retain}}, want: []string{"redis-1 leads: the group has formed (AllEmpty, epoch"}, planned: true},
		"its pod was made anew":      {turns: []turn{first, {led(second, "redis-1", model.DataGone, second), retain}}, want: []string{"redis-1 leads again, in a new pod (DataGone"}},
		"its agent was away":         {turns: []turn{{led(20*second, "redis-0", model.NativeSwitch, 10*second, silent), retain}}, want: []string{"instead of redis-0 (PromotedBySentinel", "is not known"}, unseen: true},
		"its agent is new, and that": {turns: []turn{{led(time.Hour, "redis-0", model.NativeSwitch, 10*second, silent), retain}}},
		"its agent is new, and the record not read": {
			turns: []turn{{at(0, 1, leads, silent), idle}, {led(time.Hour, "redis-0", model.NativeSwitch, 10*second, silent), retain}},
		},
		"a handover from it fails": {
			turns: []turn{
				{led(time.Hour, "redis-0", model.NativeSwitch, 10*second, silent), retain},
				{led(time.Hour, "redis-0", model.NativeSwitch, 10*second, silent), decide.Decision{Action: decide.Handover}},
				{led(time.Hour, "redis-0", model.NativeSwitch, 10*second, silent), retain},
			},
		},
		"an older agent wrote the record": {turns: []turn{first, {withoutHistory, retain}}},
		"nothing changes":                 {turns: []turn{first, {at(second, 0, follows, living()), idle}}},
	} {
		t.Run(name, func(t *testing.T) {
			var s story
			var told []*Switch
			for i, x := range c.turns {
				if i == c.word && i > 0 {
					s.accepted(offered, 45*time.Millisecond)
				}
				for range 2 { // what is told once is not told again
					if change := s.turn(x.view, x.decision); change != nil {
						told = append(told, change)
					}
				}
			}
			if len(told) != min(len(c.want), 1) {
				t.Fatalf("told %d times: %v", len(told), told)
			}
			if len(told) == 0 {
				return
			}
			for _, want := range c.want {
				if !strings.Contains(told[0].String(), want) {
					t.Errorf("%q lacks %q", told[0], want)
				}
			}
			if c.never != "" && strings.Contains(told[0].String(), c.never) {
				t.Errorf("%q says %q", told[0], c.never)
			}
			if told[0].Seen == c.unseen || told[0].Planned() != c.planned {
				t.Errorf("seen %v, planned %v", told[0].Seen, told[0].Planned())
			}
		})
	}
}
