// SPDX-License-Identifier: Apache-2.0

package simtest

import (
	"fmt"
	"slices"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// Rule names what must hold; docs/protocol.md explains each.
type Rule string

// The rules, by the names that the protocol gives them: S what never happens, L what happens in the end.
const (
	OneAddress    Rule = "S1 one epoch names one address"
	NamedOnly     Rule = "S2 only a server that is named, or was made master by a Sentinel, takes writes"
	DataStays     Rule = "S3 no data yields to an empty or foreign data set"
	OneClaim      Rule = "S4 one claim for one epoch"
	NoLoops       Rule = "S5 no server follows itself or a foreign one"
	NoOrder       Rule = "S6 order means nothing"
	NoBoldSilence Rule = "S7 silence enables nothing"
	OwnClaimOnly  Rule = "S8 nobody is promoted but by a claim of its own for this process"
	ClientsLast   Rule = "S8 clients are sent away only from a server that takes no writes any more"
	PlannedKeeps  Rule = "S9 a planned handover loses no acknowledged write"
	NoTwoAnswers  Rule = "S10 a master that may have been replaced acknowledges nothing"
	LivingKeeps   Rule = "S11 a failover of a living, connected master loses nothing"
	Settles       Rule = "L1 all settle on one master"
	Writable      Rule = "L2 the group takes writes again"
)

// Violation is the end of a story.
type Violation struct {
	Rule   Rule
	Detail string
	At     time.Duration
}

func (v Violation) String() string { return fmt.Sprintf("%s: %s (at %s)", v.Rule, v.Detail, v.At) }

func (w *World) breaks(rule Rule, format string, args ...any) {
	if w.violation == nil {
		w.violation = &Violation{Rule: rule, Detail: fmt.Sprintf(format, args...), At: w.now}
		w.note(w.violation.String())
	}
}

// checkEpoch checks that an epoch that is given out again names the same address.
func (w *World) checkEpoch(epoch uint64, a model.Address) {
	if before, ok := w.named[epoch]; ok && before != a && !w.meddled {
		w.breaks(OneAddress, "epoch %d names %s and %s", epoch, before, a)
	}
	w.named[epoch] = a
}

// checkRecord compares a new record with the one before it.
func (w *World) checkRecord(now, next model.Record) {
	w.note(fmt.Sprintf("record %s %s %d offer %t", next.Holder, next.PodUID, next.Epoch, next.Offer != nil))
	if next.Epoch < now.Epoch || next.Epoch == now.Epoch && now.HasHolder() && next.PodUID != now.PodUID {
		w.breaks(OneClaim, "the record went from %s at %d to %s at %d", now.Holder, now.Epoch, next.Holder, next.Epoch)
	}
	if next.HasHolder() {
		w.checkEpoch(next.Epoch, next.Address)
	}
}

// checkClaim checks that no empty pod claims the group while another answered it with the group's data.
func (w *World) checkClaim(p *pod, v model.View, d decide.Decision) {
	w.claims[fmt.Sprintf("%s/%d/%s", p.uid, d.Epoch, v.Self.Redis.RunID)] = true
	if v.Self.Terminating && d.Reason != model.TransferAccepted {
		w.breaks(OneClaim, "%s claims while it ends", v.Self.Name)
	}
	if v.Self.Redis.Keys > 0 || v.Self.Redis.Offset > 0 {
		return
	}
	for _, q := range v.Peers {
		if q.Redis.Answer == model.Up && q.Redis.Keys > 0 {
			w.breaks(DataStays, "%s is empty and claims although %s answered with %d keys (%s)", v.Self.Name, q.Name, q.Redis.Keys, d.Reason)
		}
	}
}

// mostOverlap is for how long an outdated master may go on: an agent that has just started gives its Redis a second to be confirmed.
const mostOverlap = 1500 * time.Millisecond

// noteAcknowledged measures for how long a server goes on acknowledging writes after a later master has begun to.
func (w *World) noteAcknowledged(s *server) {
	if s.firstAck == never {
		s.firstAck = w.now
	}
	s.lastAck = w.now
	for _, o := range w.servers {
		if o != s && o.alive && o.pod != nil && !o.pod.gone && o.role == model.Master && o.reign > s.reign && o.firstAck != never && w.now-o.lastAck < time.Second {
			w.bothAcked = max(w.bothAcked, w.now-o.firstAck)
			w.outdated++
			if s.backed && !w.meddled && w.now-o.firstAck > mostOverlap && w.answersForItself(s) {
				w.breaks(NoTwoAnswers, "%s acknowledges a write %s after a later master began to", s.address, w.now-o.firstAck)
			}
		}
	}
}

// hears reports whether a master lives, and its agent hears a Sentinel, and nothing has kept it from that for a while. Commands by hand make
// masters of which no Sentinel knows.
func (w *World) hears(m *server, s *sentinel) bool {
	const calm = 3 * time.Second
	if w.overruled || m == nil || m.pod == nil || m.pod.gone || m.turnsAway(m.pod.caller()) || !m.up(w.now) || m.role != model.Master || !m.pod.agent || !m.pod.leads {
		return false
	}
	return !m.host.frozen && w.now-m.pod.disturbed > calm && w.now-s.disturbed > calm && w.reach(m.host, s.host)
}

// checkKept checks that whom a Sentinel promotes has all that a living master acknowledged, if it follows that one.
func (w *World) checkKept(s *sentinel, to *server) {
	m := s.facing
	if !w.hears(m, s) || to == m || to.link != m || !w.reach(m.host, to.host) || w.now < to.stalled || to.slow > 0 {
		return
	}
	to.insteadOf, to.by = m, s
	if m.lastAcked != nil && !holds(to.data, m.lastAcked.write) {
		w.breaks(LivingKeeps, "%s is promoted without write %d, which %s acknowledged", to.address, m.lastAcked.write, m.address)
	}
}

// checkLetGo checks that a living master acknowledges nothing after a Sentinel has promoted another in its place, which lives as well.
func (w *World) checkLetGo(m *server) {
	for _, o := range w.servers {
		stands := o.insteadOf == m && o.up(w.now) && o.role == model.Master && o.reign > m.reign && !o.pod.gone && w.now-o.pod.disturbed > 3*time.Second
		if stands && w.hears(m, o.by) && w.reach(m.host, o.host) {
			w.breaks(LivingKeeps, "%s acknowledges a write though Sentinel %d has promoted %s", m.address, o.by.ordinal, o.address)
		}
	}
}

// answersForItself reports whether a server can be expected to know that it was replaced: who deletes a pod by force says that it is
// dead, and one that was frozen or hung, or kept by a script, goes on with what it had read before its agent, or anybody, can tell it.
func (w *World) answersForItself(s *server) bool {
	const told = 500 * time.Millisecond
	return !s.pod.gone && w.now-s.hung > told && w.now-s.busy > told && (s.host.thawed == 0 || w.now-s.host.thawed > time.Second)
}

// checkPromotion checks that the record accepted my claim, for this process. Without the API the recorded holder may resume in
// place.
func (w *World) checkPromotion(p *pod, v model.View) {
	if w.claims[fmt.Sprintf("%s/%d/%s", p.uid, v.Record.Epoch, p.server.run)] {
		return
	}
	if !v.API && v.Record.PodUID == p.uid && v.Record.Address == p.server.address && p.server.data != nil {
		return
	}
	w.breaks(OwnClaimOnly, "%s is promoted at epoch %d, which its process did not claim", name(p.ordinal), v.Record.Epoch)
}

// checkDisconnect checks that another leads: clients that are disconnected before come back to the same server, or find none. A master
// whose mastership another has claimed takes no writes where it holds them back; that a record is restored takes nothing back of a claim.
func (w *World) checkDisconnect(p *pod) {
	if r := w.api().record; p.server.role == model.Master && (r.PodUID == p.uid && r.Epoch >= w.restored || w.now >= p.server.paused) {
		w.breaks(ClientsLast, "%s sends its clients away and is master still (%s)", name(p.ordinal), p.deciding.Reason)
	}
}

// checkResume checks that writes resume only where no offer of the mastership stands that may be accepted meanwhile.
func (w *World) checkResume(p *pod) {
	if r := w.api().record; p.server.role == model.Master && r.PodUID == p.uid && r.Offer != nil && (r.Offer.Seal == "" || w.given[r.Offer.Seal]) {
		w.breaks(PlannedKeeps, "%s takes writes again while its offer stands", name(p.ordinal))
	}
}

// checkFollow checks that the target is a pod of the group, as far as the agent can know, and not the Redis itself.
func (w *World) checkFollow(p *pod, to model.Address, why model.Reason) {
	w.note(fmt.Sprintf("%s follows %s (%s)", name(p.ordinal), to, why))
	if to == model.FenceAddress {
		return
	}
	pods := w.states[max(w.seenOf(&p.watch, podWatch), p.watch.listed, 0)].pods
	known := slices.ContainsFunc(pods, func(o podObject) bool { return o.address == to }) ||
		slices.ContainsFunc(p.acting.Peers, func(q model.Pod) bool { return q.Address == to }) // it has gone since the agent looked
	if to == p.server.address || !known {
		w.breaks(NoLoops, "%s is pointed at %s (%s)", name(p.ordinal), to, why)
	}
	// A successor that has just been promoted yields to the master that a restored record names, which does not look at it again.
	const handoverEnds = 6 * time.Second
	if s := w.listeners[to]; s != nil && s.alive && s.link == p.server && w.now-w.restoredAt > handoverEnds {
		w.breaks(NoLoops, "%s is pointed at %s, which follows it (%s)", name(p.ordinal), to, why)
	}
}

// checkReplaced checks what a sync replaces.
func (w *World) checkReplaced(s, m *server) {
	// A deleted pod's data dies with it, and a foreign server's was judged when it came.
	if s.pod == nil || s.pod.gone || keysOf(s.data) == 0 || s.data.root == foreignRoot {
		return
	}
	switch {
	case m.pod == nil && w.now-s.pod.disturbed > 8*time.Second:
		w.breaks(DataStays, "%s took the data of a foreign server at %s", name(s.pod.ordinal), m.address)
	case m.pod == nil || !s.byAgent || w.meddled:
	case m.data == nil:
		w.breaks(DataStays, "%s had %d keys and was pointed at the empty %s", name(s.pod.ordinal), keysOf(s.data), name(m.pod.ordinal))
	case m.data.root != s.data.root:
		w.breaks(DataStays, "%s had data of %s and was pointed at %s with data of %s", name(s.pod.ordinal), s.data.root, name(m.pod.ordinal), m.data.root)
	}
}

// checkOrdered checks that our Sentinels never make a foreign server follow us, as long as their agents can know that it is
// one.
func (w *World) checkOrdered(by *sentinel, s *server, master model.Address) {
	w.note(fmt.Sprintf("Sentinel %d orders %s to follow %s", by.ordinal, s.address, master))
	const known = 15 * time.Second
	blind := w.apiDown || w.now-w.apiBack < known || w.now-by.disturbed < known || !by.agent
	if s.pod == nil && master != (model.Address{}) && !blind {
		w.breaks(DataStays, "a Sentinel made the foreign server at %s follow %s", s.address, master)
	}
}

// checkDecision judges what can be judged at the moment of deciding.
func (w *World) checkDecision(p *pod, v model.View, m decide.Memory, d decide.Decision) {
	if d.Action != p.last.Action || d.Reason != p.last.Reason {
		w.note(fmt.Sprintf("%s %s %s %s", name(p.ordinal), d.Action, d.Reason, d.Target))
	}
	w.checkOutvoted(p, v)
	if w.chance(6) {
		w.checkOrder(v, m, d)
		w.checkSilence(v, m, d)
	}
}

// checkOutvoted checks that a pod which sees a greater epoch name another that answers as master, with no failover on the way,
// is not master for more than a few turns.
func (w *World) checkOutvoted(p *pod, v model.View) {
	epoch, address := v.Record.Epoch, v.Record.Address
	for _, s := range v.Sentinels {
		if !s.Answered || s.FailoverInProgress {
			p.outvoted = 0
			return
		}
		if s.Monitors && s.ConfigEpoch > epoch {
			epoch, address = s.ConfigEpoch, s.Address
		}
	}
	other := slices.ContainsFunc(v.Peers, func(q model.Pod) bool {
		return q.Address == address && q.Redis.Answer == model.Up && q.Redis.Role == model.Master
	})
	if v.Self.Redis.Role != model.Master || address == v.Self.Address || !other {
		p.outvoted = 0
		return
	}
	if p.outvoted++; p.outvoted > 4 {
		w.breaks(NamedOnly, "%s stays master although epoch %d names %s", v.Self.Name, epoch, address)
	}
}

// checkOrder asks again with every list in another order.
func (w *World) checkOrder(v model.View, m decide.Memory, d decide.Decision) {
	v.Peers, v.Sentinels, v.VolumeClaims = slices.Clone(v.Peers), slices.Clone(v.Sentinels), slices.Clone(v.VolumeClaims)
	slices.Reverse(v.Peers)
	slices.Reverse(v.Sentinels)
	slices.Reverse(v.VolumeClaims)
	if again, _ := w.Deciders.Redis(v, m); again.Action != d.Action || again.Reason != d.Reason || again.Target != d.Target || again.Epoch != d.Epoch {
		w.breaks(NoOrder, "%s %s became %s %s", d.Action, d.Reason, again.Action, again.Reason)
	}
}

// makesMaster reports whether an action makes a master.
func makesMaster(a decide.Action) bool { return a == decide.Claim || a == decide.Promote }

// checkSilence asks again with one answer less.
func (w *World) checkSilence(v model.View, m decide.Memory, d decide.Decision) {
	if makesMaster(d.Action) {
		return
	}
	less := v
	var silenced string
	switch i := w.rng.IntN(len(v.Peers) + len(v.Sentinels)); {
	case i < len(v.Peers) && v.Peers[i].UID == v.Record.PodUID && v.Now.Sub(m.SilentSince) > downAfter+failoverTimeout:
		return // it was missed for as long as a failover takes: its answer at this instant is what keeps it
	case i < len(v.Peers) && v.Peers[i].Name == v.Record.Holder && v.Peers[i].UID != v.Record.PodUID:
		return // it was made in the named pod's place: nobody waits for it beside a member in sync, and what it answers counts all the same
	case i < len(v.Peers):
		less.Peers = slices.Clone(v.Peers)
		less.Peers[i].Redis, silenced = model.Redis{}, v.Peers[i].Name
	default:
		i -= len(v.Peers)
		less.Sentinels = slices.Clone(v.Sentinels)
		if !majorityAnswers(v.Sentinels, v.Sentinels[i].Name) {
			return // where no majority of the Sentinels answers, other witnesses are asked: that is the one exception
		}
		less.Sentinels[i], silenced = model.Sentinel{Name: v.Sentinels[i].Name}, v.Sentinels[i].Name
	}
	if again, _ := w.Deciders.Redis(less, m); makesMaster(again.Action) {
		w.breaks(NoBoldSilence, "%s: %s %s became %s %s when %s fell silent", v.Self.Name, d.Action, d.Reason, again.Action, again.Reason, silenced)
	}
}

// majorityAnswers reports whether most Sentinels answer, not counting one.
func majorityAnswers(all []model.Sentinel, but string) bool {
	n := 0
	for _, s := range all {
		if s.Answered && s.Name != but {
			n++
		}
	}
	return n > len(all)/2
}

// watchOver checks the whole world four times a second.
func (w *World) watchOver() {
	w.in(250*time.Millisecond, w.watchOver)
	w.noteSafe()
	w.checkTwoMasters()
}

// noteSafe remembers the newest write that all members hold: it must never be lost while one of their disks is left.
func (w *World) noteSafe() {
	if len(w.acked) == 0 {
		return
	}
	last := w.acked[len(w.acked)-1]
	oldest := last
	for o := range w.api().replicas {
		d := w.held(o)
		if d == nil {
			return
		}
		oldest = min(oldest, d.write)
	}
	for o := range w.api().replicas {
		if !holds(w.held(o), oldest) {
			return
		}
	}
	w.safe = max(w.safe, oldest)
}

// held is what an ordinal would have after a crash of its process; without persistence, what its process has.
func (w *World) held(ordinal int) *version {
	if w.keeps() {
		if d := w.disks[ordinal]; d != nil {
			return d.kept
		}
		return nil
	}
	if p := w.podOf(ordinal); p != nil && p.server.alive {
		return p.server.data
	}
	return nil
}

// noteLost remembers that the data is lost: without persistence it is when no pod is left that holds what all held.
func (w *World) noteLost() {
	if w.keeps() || w.safe == 0 {
		return
	}
	for o := range w.api().replicas {
		if holds(w.held(o), w.safe) {
			return
		}
	}
	w.lost = true
}

// checkTwoMasters checks that two pods do not both take writes for long without anything that would explain it.
func (w *World) checkTwoMasters() {
	var masters []*pod
	for _, p := range w.pods {
		if !p.gone && p.agent && w.accepts(p.server) && w.reachAPI(p.host) && w.now-p.disturbed > time.Second {
			masters = append(masters, p)
		}
	}
	calm := len(masters) > 1 && w.reach(masters[0].host, masters[1].host)
	for _, s := range w.sentinels {
		calm = calm && s.alive && s.phase == noFailover && w.reachAPI(s.host) && w.reach(s.host, masters[0].host) && w.reach(s.host, masters[1].host)
	}
	switch {
	case !calm:
		w.twoMastersSince = never
	case w.twoMastersSince == never:
		w.twoMastersSince = w.now
	case w.now-w.twoMastersSince > 2*failoverTimeout:
		w.breaks(NamedOnly, "%s and %s take writes", name(masters[0].ordinal), name(masters[1].ordinal))
	}
}
