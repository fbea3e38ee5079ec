// SPDX-License-Identifier: Apache-2.0

package simtest

import (
	"fmt"
	"slices"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

const (
	// settleWithin is how long after the last fault a group has to be whole again: the wait for a holder that does not come,
	// and two attempts of Sentinel.
	settleWithin = 180 * time.Second
	// settledFor is how long it has to stay whole.
	settledFor = 3 * time.Second
)

// Result is how a story ended.
type Result struct {
	Violation *Violation
	// Trace distinguishes two stories.
	Trace uint64
	// Settled is how long after the last fault the group was whole.
	Settled time.Duration
	// Gap is the longest time between two acknowledged writes.
	Gap time.Duration
	// Acked and Lost count the clients' writes.
	Acked, Lost int
	// Bites counts when faults took effect that may find nothing to take effect on.
	Bites  map[string]int
	Events []string
}

// Run plays a script to its end, or to the first rule that is broken.
func Run(s Script, deciders Deciders, tell bool) Result {
	w := NewWorld(s.Setup, deciders)
	if tell {
		w.events = []string{}
	}
	w.onlyPlanned = true
	w.oneCrash = len(s.Steps) == 1 && s.Steps[0].Do == "crash-lead" && s.Nodes >= 3 && s.Sentinels >= 3 && s.Steps[0].At > 15*time.Second
	last := time.Duration(0)
	for _, step := range s.Steps {
		f := faults[step.Do]
		w.onlyPlanned = w.onlyPlanned && !f.excuses()
		w.in(step.At, func() {
			w.note(fmt.Sprintf("! %s %d for %s", step.Do, step.Who, step.For))
			f.do(w, step.Who, step.For)
		})
		last = max(last, step.At+step.For+6*time.Second)
	}
	return w.play(last)
}

func (w *World) play(last time.Duration) Result {
	defer w.breakOff()
	whole := never
	limit := max(last, 10*time.Second) + settleWithin
	for w.violation == nil && w.step() {
		if w.now < last {
			continue
		}
		missing := w.missing()
		switch {
		case missing != "" && w.now > limit:
			w.breaks(Settles, "%s", missing)
		case missing != "":
			whole = never
		case whole == never:
			whole = w.now
		case w.now-whole > settledFor:
			w.judgeEnd()
			return w.result(whole - last)
		}
	}
	return w.result(0)
}

func (w *World) result(settled time.Duration) Result {
	return Result{Violation: w.violation, Trace: w.trace, Settled: settled, Gap: w.gap, Acked: len(w.acked), Lost: w.countLost(), Bites: w.bites, Events: w.events}
}

// missing says what the group lacks to be whole, or nothing.
func (w *World) missing() string {
	r := w.api().record
	waits := slices.ContainsFunc(w.pods, w.awaitsPerson) // and so do those that come after it in an ordered set
	if len(w.api().pods) != w.Nodes && !(waits && w.OrderedReady) || w.rolling > 0 && !waits {
		return fmt.Sprintf("pods: %v", w.ordinals())
	}
	if w.undecided() {
		return ""
	}
	master := w.leader()
	if master == nil || master.uid != r.PodUID || master.server.address != r.Address {
		return fmt.Sprintf("the record names %s at %s, which does not exist", r.Holder, r.Address)
	}
	if !w.accepts(master.server) {
		return "the recorded master takes no writes"
	}
	for _, p := range w.pods {
		switch {
		case p.gone, w.awaitsPerson(p):
		case !p.ready || p.terminated:
			return fmt.Sprintf("%s is not ready: %s %s", name(p.ordinal), p.last.Action, p.last.Reason)
		case p != master && p.server.link != master.server:
			return fmt.Sprintf("%s has no link to the master: %s %s", name(p.ordinal), p.last.Action, p.last.Reason)
		}
	}
	if n := w.names(r.Address); n < len(w.sentinels) {
		return fmt.Sprintf("%d Sentinels name the master", n)
	}
	return ""
}

// awaitsPerson reports whether a pod holds data of another history: that waits for a person to decide, and nothing else can be done
// about it.
func (w *World) awaitsPerson(p *pod) bool {
	if p.gone || w.leader() == nil {
		return false
	}
	mine, theirs := p.server.data, w.leader().server.data
	return p.last.Reason == model.ForeignData && mine != nil && theirs != nil && (mine.root != theirs.root || p.server.disk.unjoined)
}

// undecided reports whether the only data that is left is not the group's by its record, because the volume is from before the group
// or from before a loss of all data that a claim has put up with. A person has to say whether it may lead.
func (w *World) undecided() bool {
	foreign := false
	for _, p := range w.pods {
		if p.gone {
			continue
		}
		if p.last.Reason != model.OnlyForeignData {
			return false
		}
		member, known := w.api().record.Members[p.ordinal]
		foreign = foreign || p.server.data != nil && (!known || member.VolumeClaim != p.server.disk.claim)
	}
	return foreign
}

// noteUnjoined remembers a disk whose claim the record does not know when the group's data comes onto it.
func (w *World) noteUnjoined(s *server) {
	if s.pod == nil {
		return
	}
	member, known := w.api().record.Members[s.pod.ordinal]
	s.disk.unjoined = w.api().record.HasHolder() && (!known || member.VolumeClaim != s.disk.claim)
}

// judgeEnd checks that what all members held is still there, and what a planned handover acknowledged too.
func (w *World) judgeEnd() {
	data := w.leader().server.data
	if w.onlyPlanned && !w.lost && !w.noSuccessor {
		if lost := w.countLost(); lost > 0 {
			w.breaks(PlannedKeeps, "%d of %d acknowledged writes are lost", lost, len(w.acked))
		}
	}
	if most := downAfter + failoverTimeout + 2*time.Second; w.oneCrash && w.gap > most {
		w.breaks(Writable, "no write for %s after one crash of the master, which is more than %s", w.gap, most)
	}
	kept := slices.ContainsFunc(w.pods, func(p *pod) bool { return (w.awaitsPerson(p) || w.undecided()) && holds(p.server.data, w.safe) })
	if !w.lost && !w.meddled && w.safe > 0 && !kept && !holds(data, w.safe) {
		w.breaks(DataStays, "write %d, which every member held, is lost", w.safe)
	}
}

func (w *World) countLost() int {
	p := w.leader()
	if p == nil {
		return 0
	}
	held := map[int]bool{}
	for v := p.server.data; v != nil; v = v.parent {
		held[v.write] = true
	}
	lost := 0
	for _, n := range w.acked {
		if !held[n] {
			lost++
		}
	}
	return lost
}
