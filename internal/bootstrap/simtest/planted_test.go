// SPDX-License-Identifier: Apache-2.0

package simtest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/act"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide/handover"
	decidesentinel "github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide/sentinel"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/record"
)

// plant is a design that is wrong in one way, and the rules of which at least one must catch it.
type plant struct {
	name     string
	caught   []Rule
	deciders Deciders
	// scenario makes the stories in which this design fails, where they are rare among all stories.
	scenario func(seed uint64) Script
}

// plants are the designs that others chose, or that look right at first; then those that carry out a right decision wrongly.
var plants = []plant{
	{"lowest ordinal always", []Rule{DataStays}, redisDecider(lowestOrdinal), nil},
	{"first Sentinel believed", []Rule{NoOrder, DataStays, NamedOnly, Settles}, redisDecider(firstSentinel), nil},
	{"MASTER's address believed", []Rule{OneAddress, Settles, NamedOnly, DataStays, OneClaim}, realExcept(func(d *Deciders) { d.Sentinel, d.TrustMasterReply = adoptDuringFailover, true }), scenario(Step{At: 20 * time.Second, Do: "freeze-lead", For: 5 * time.Second})},
	{"epoch ignored", []Rule{NamedOnly, Settles, DataStays}, redisDecider(epochIgnored), nil},
	{"equal epochs kept", []Rule{Settles}, realExcept(func(d *Deciders) { d.Sentinel = equalEpochsKept }), scenario(Step{At: 20 * time.Second, Do: "one-epoch"})},
	{"silence read as consent", []Rule{NoBoldSilence, DataStays}, redisDecider(silenceIsConsent), nil},
	{"empty node electable", []Rule{DataStays}, redisDecider(emptyElectable), nil},
	{"old master names the new one", []Rule{OwnClaimOnly, OneClaim, PlannedKeeps, DataStays, Settles}, realExcept(func(d *Deciders) { d.Redis, d.Handover = believesTheRecord, namesTheSuccessor }), nil},
	{"RESET as a broom", []Rule{Settles, DataStays}, realExcept(func(d *Deciders) { d.UseReset = true }), nil},
	{"name taken for identity", []Rule{OwnClaimOnly, NamedOnly, OneAddress, DataStays, Settles}, redisDecider(nameIsIdentity), nil},

	{"cut off and yet a master", []Rule{NoTwoAnswers}, redisDecider(neverUnconfirmed), scenario(Step{At: 20 * time.Second, Do: "island", For: 30 * time.Second})},
	{"the record orders only whom it reaches", []Rule{NoTwoAnswers}, redisDecider(notFencedByTheRecord), scenario(Step{At: 20 * time.Second, Do: "overlay", For: 30 * time.Second})},

	{"elections unheard", []Rule{LivingKeeps}, realExcept(func(d *Deciders) { d.Redis, d.Deaf = keepsWriting, true }), scenario(Step{At: 20 * time.Second, Do: "force"})},
	{"writes go on with an elected Sentinel", []Rule{LivingKeeps}, redisDecider(letsGoEarly), scenario(Step{At: 20 * time.Second, Do: "force"})},

	{"unpause on unknown answer", []Rule{PlannedKeeps}, realExcept(func(d *Deciders) { d.Handover = unknownIsRefused }), scenario(Step{At: 20 * time.Second, Do: "delete-lead"})},
	{"sealed offer accepted without its word", []Rule{PlannedKeeps, NoTwoAnswers}, realExcept(func(d *Deciders) { d.Redis, d.Prepared = opensSeals, neverPrepared }), scenario(Step{At: 20 * time.Second, Do: "delete-lead"})},
	{"demoted before the successor is master", []Rule{NoLoops}, realExcept(func(d *Deciders) { d.Handover = demotedEarly }), scenario(Step{At: 20 * time.Second, Do: "delete-lead"})},
	{"promoted without the read-back", []Rule{OwnClaimOnly}, realExcept(func(d *Deciders) { d.Record = treatsSilenceAsSuccess }), scenario(Step{At: 19 * time.Second, Do: "lost-claim"}, Step{At: 20 * time.Second, Do: "delete-lead"})},
	{"clients sent away before the switch", []Rule{ClientsLast}, realExcept(func(d *Deciders) { d.Handover = clientsFirst }), scenario(Step{At: 20 * time.Second, Do: "delete-lead"})},
	{"offer never withdrawn", []Rule{PlannedKeeps}, realExcept(func(d *Deciders) { d.Handover = offerLeft }), scenario(
		Step{At: 20 * time.Second, Do: "kill-agent", Who: 1, For: 3 * time.Second}, Step{At: 20 * time.Second, Do: "kill-agent", Who: 2, For: 3 * time.Second},
		Step{At: 20 * time.Second, Do: "kill-agent", Who: 0, For: time.Millisecond}, Step{At: 20*time.Second + 100*time.Millisecond, Do: "delete-lead"})},

	{"word given though writes may go on", []Rule{PlannedKeeps, NoTwoAnswers}, realExcept(func(d *Deciders) { d.Handover = ignoresFailures }), scenario(
		Step{At: 19 * time.Second, Do: "pause-fails", Who: 1}, Step{At: 19 * time.Second, Do: "write-late", Who: 1, For: 1900 * time.Millisecond}, Step{At: 20 * time.Second, Do: "delete-lead"})},
	{"refused write taken for done", []Rule{OwnClaimOnly}, realExcept(func(d *Deciders) { d.Record = treatsSilenceAsSuccess }), scenario(
		Step{At: 19 * time.Second, Do: "refused-leases", For: 10 * time.Second}, Step{At: 20 * time.Second, Do: "crash-lead"})},
	{"mastership let go while a watch fails", []Rule{PlannedKeeps}, redisDecider(letsGo), scenario(
		Step{At: 20 * time.Second, Do: "failed-lease", For: 3 * time.Second}, Step{At: 21 * time.Second, Do: "delete-lead"})},
	{"smaller epoch stale for ever", []Rule{Settles}, realExcept(func(d *Deciders) { d.Redis, d.Sentinel = neverBack, neverBackBeside }), scenario(
		Step{At: 20 * time.Second, Do: "delete-lead"}, Step{At: 42 * time.Second, Do: "restored", For: 7 * time.Second})},
}

func redisDecider(next func(model.View, decide.Memory) (decide.Decision, decide.Memory)) Deciders {
	return realExcept(func(d *Deciders) { d.Redis = next })
}

// realExcept are the right deciders with something wrong in them.
func realExcept(wrong func(*Deciders)) Deciders {
	d := Real
	wrong(&d)
	return d
}

// scenario makes a world of three, and the given steps in it, a little later with each seed.
func scenario(steps ...Step) func(uint64) Script {
	return func(seed uint64) Script {
		s := Script{Setup: Setup{Seed: seed, Nodes: 3, Sentinels: 3, Persistence: AOF, Found: -1}, Steps: slices.Clone(steps)}
		for i := range s.Steps {
			s.Steps[i].At += time.Duration(seed%977) * 7 * time.Millisecond
			s.Steps[i].For += time.Duration(seed%31) * 100 * time.Millisecond
		}
		return s
	}
}

// enough is how many stories a wrong design may survive.
const enough = 4000

// TestPlantedDecidersAreCaught: rules that let a wrong design pass would prove nothing about the right one.
func TestPlantedDecidersAreCaught(t *testing.T) {
	for _, p := range plants {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			scripts := Generate
			if p.scenario != nil {
				scripts = p.scenario
			}
			for seed := range uint64(enough) {
				if v := Run(scripts(seed+1), Real, false).Violation; v != nil && p.scenario != nil {
					t.Fatalf("the right design is caught too, at seed %d: %s", seed+1, v)
				}
				v := Run(scripts(seed+1), p.deciders, false).Violation
				if v != nil && slices.Contains(p.caught, v.Rule) {
					t.Logf("caught at seed %d: %s", seed+1, v)
					return
				}
			}
			t.Errorf("%d stories, and none of %v caught it", enough, p.caught)
		})
	}
}

// TestDemotingThePromotedIsCaught: demoting what a Sentinel promoted breaks its failover. The agents repair that in the end, so
// that no rule breaks: it is the time without a master that shows it.
func TestDemotingThePromotedIsCaught(t *testing.T) {
	scripts := scenario(Step{At: 20 * time.Second, Do: "freeze-lead", For: 40 * time.Second})
	slow := func(deciders Deciders) int {
		n := 0
		for seed := range uint64(50) {
			if Run(scripts(seed+1), deciders, false).Gap > downAfter+failoverTimeout/2 {
				n++
			}
		}
		return n
	}
	right, wrong := slow(Real), slow(redisDecider(promotedDemoted))
	t.Logf("of 50 failovers %d were slow, and %d where the promoted is demoted", right, wrong)
	if right > 5 || wrong < 30 {
		t.Errorf("want at most 5, and at least 30")
	}
}

// lowestOrdinal lets pod 0 lead whenever no pod does.
func lowestOrdinal(v model.View, m decide.Memory) (decide.Decision, decide.Memory) {
	d, after := decide.Next(v, m)
	r := v.Self.Redis
	claimed := v.Record.PodUID == v.Self.UID && v.Record.Epoch == m.Claimed.Epoch
	if v.Self.Ordinal == 0 && r.Answer == model.Up && r.Role == model.Replica && v.API && !masterAnswers(v) && !claimed {
		return claiming(v, model.BestData), after
	}
	return d, after
}

// claiming is a claim without any grounds.
func claiming(v model.View, why model.Reason) decide.Decision {
	next := v.Record
	next.Holder, next.PodUID, next.Address, next.Offer = v.Self.Name, v.Self.UID, v.Self.Address, nil
	next.Epoch = model.NextEpoch(v.Now, v.Record.Epoch)
	return decide.Decision{Action: decide.Claim, Reason: why, Epoch: next.Epoch, Record: &next, Recheck: time.Millisecond}
}

func masterAnswers(v model.View) bool {
	return slices.ContainsFunc(v.Peers, func(p model.Pod) bool { return p.Redis.Role == model.Master && p.Redis.Answer == model.Up })
}

// firstSentinel believes whatever the first Sentinel in the list says.
func firstSentinel(v model.View, m decide.Memory) (decide.Decision, decide.Memory) {
	if len(v.Sentinels) > 0 && v.Sentinels[0].Monitors {
		v.Sentinels = v.Sentinels[:1]
		v.Record.Epoch, v.Record.Address = v.Sentinels[0].ConfigEpoch, v.Sentinels[0].Address
		v.Record.PodUID = ""
		for _, p := range append([]model.Pod{v.Self}, v.Peers...) {
			if p.Address == v.Record.Address {
				v.Record.PodUID = p.UID
			}
		}
	}
	m.MaxEpoch = 0
	return decide.Next(v, m)
}

// adoptDuringFailover believes a Sentinel while its failover runs.
func adoptDuringFailover(v model.SentinelView, m decidesentinel.Memory) (decidesentinel.Decision, decidesentinel.Memory) {
	v.Own.FailoverInProgress = false
	return decidesentinel.Next(v, m)
}

// epochIgnored takes any pod that answers as master for the master.
func epochIgnored(v model.View, m decide.Memory) (decide.Decision, decide.Memory) {
	if v.Self.Redis.Role == model.Master {
		return decide.Decision{Reason: model.Incumbent, Ready: true, Recheck: 1e9}, m
	}
	return decide.Next(v, m)
}

// equalEpochsKept leaves two addresses at one epoch alone.
func equalEpochsKept(v model.SentinelView, m decidesentinel.Memory) (decidesentinel.Decision, decidesentinel.Memory) {
	d, after := decidesentinel.Next(v, m)
	if d.Reason == model.EqualEpochs {
		d.Action, d.Record = decidesentinel.Wait, nil
	}
	return d, after
}

// silenceIsConsent takes a server that does not answer for one that has no objection.
func silenceIsConsent(v model.View, m decide.Memory) (decide.Decision, decide.Memory) {
	less := v
	less.Peers = slices.DeleteFunc(slices.Clone(v.Peers), func(p model.Pod) bool { return p.Redis.Answer == model.Silent })
	less.VolumeClaims = nil
	return decide.Next(less, m)
}

// emptyElectable takes every node for as good as any other, whether it holds data or not.
func emptyElectable(v model.View, m decide.Memory) (decide.Decision, decide.Memory) {
	d, after := decide.Next(v, m)
	if d.Reason == model.TransferAfterRestart || d.Reason == model.RestartedWaiting {
		return claiming(v, model.RestartedInPlace), after
	}
	return d, after
}

// promotedDemoted demotes every Redis that its agent did not see named before.
func promotedDemoted(v model.View, m decide.Memory) (decide.Decision, decide.Memory) {
	d, after := decide.Next(v, m)
	if d.Reason == model.PromotedBySentinel || d.Reason == model.UnnamedMaster {
		d = decide.Decision{
			Action: decide.Fence, Reason: model.NeverNamed, Recheck: 1e8,
			Commands: []decide.Command{{Do: decide.ReplicateFrom, Master: model.FenceAddress}},
		}
	}
	return d, after
}

// believesTheRecord promotes the pod that the record names, claim or not.
func believesTheRecord(v model.View, m decide.Memory) (decide.Decision, decide.Memory) {
	d, after := decide.Next(v, m)
	if v.Record.PodUID == v.Self.UID && v.Self.Redis.Role == model.Replica && d.Action == decide.Wait {
		d.Action, d.Epoch, d.Commands = decide.Promote, v.Record.Epoch, []decide.Command{{Do: decide.BecomeMaster, Run: v.Self.Redis.RunID}}
	}
	return d, after
}

// nameIsIdentity takes a record that names a pod of my name for one that names me.
func nameIsIdentity(v model.View, m decide.Memory) (decide.Decision, decide.Memory) {
	if v.Record.Holder == v.Self.Name {
		v.Record.PodUID, v.Record.Address, v.UIDByName = v.Self.UID, v.Self.Address, v.Self.UID
		m.Claimed = decide.Claimed{Epoch: v.Record.Epoch, RunID: v.Self.Redis.RunID}
	}
	return decide.Next(v, m)
}

// namesTheSuccessor lets the old master write the new one into the record.
func namesTheSuccessor(s handover.State, v handover.View) (handover.Step, handover.State) {
	step, after := s.Next(v)
	if step.Record != nil && step.Record.Offer != nil {
		next, to := *step.Record, s.Successor()
		next.Holder, next.PodUID, next.Address, next.Offer = to.Name, to.UID, to.Address, nil
		next.Epoch = model.NextEpoch(v.Now, next.Epoch)
		step.Record = &next
	}
	return step, after
}

// unknownIsRefused takes a word without an answer for one that was not heard, and lets writes go on.
func unknownIsRefused(s handover.State, v handover.View) (handover.Step, handover.State) {
	if v.Told != handover.Unknown {
		return s.Next(v)
	}
	v.Told = handover.Refused
	step, after := s.Next(v)
	if step.Record == nil {
		return step, after
	}
	return after.Next(handover.View{Now: v.Now, Record: v.Record})
}

// neverPrepared tells no holder that it would accept.
func neverPrepared(model.View, decide.Memory) string { return "" }

// opensSeals accepts a sealed offer without its word.
func opensSeals(v model.View, m decide.Memory) (decide.Decision, decide.Memory) {
	if offer := v.Record.Offer; offer != nil {
		open := *offer
		open.Seal, v.Record.Offer = "", &open
	}
	return decide.Next(v, m)
}

// demotedEarly takes the successor for master as soon as it is given the word.
func demotedEarly(s handover.State, v handover.View) (handover.Step, handover.State) {
	step, after := s.Next(v)
	if step.Tell != "" {
		step.Commands = append(step.Commands, decide.Command{Do: decide.ReplicateFrom, Master: s.Successor().Address})
	}
	return step, after
}

// clientsFirst disconnects clients while their writes are paused.
func clientsFirst(s handover.State, v handover.View) (handover.Step, handover.State) {
	step, after := s.Next(v)
	if len(step.Commands) > 0 && step.Commands[0].Do == decide.PauseWrites {
		step.Commands = append(step.Commands, decide.Command{Do: decide.DisconnectClients})
	}
	return step, after
}

// offerLeft leaves an offer that was not accepted in the record.
func offerLeft(s handover.State, v handover.View) (handover.Step, handover.State) {
	step, after := s.Next(v)
	if step.Record != nil && step.Record.Offer == nil {
		return after.Next(handover.View{Now: v.Now, Record: v.Record})
	}
	return step, after
}

// wrongRecord is a way to write that is wrong in one point.
type wrongRecord struct {
	act.Record
	known record.Copy
	swap  func(w wrongRecord, ctx context.Context, next model.Record, why model.Reason) error
}

// Swap is the wrong one.
func (w wrongRecord) Swap(ctx context.Context, next model.Record, why model.Reason) error {
	return w.swap(w, ctx, next, why)
}

// treatsSilenceAsSuccess takes a write without an answer for done: what it wrote is what the record says.
func treatsSilenceAsSuccess(right act.Record, known record.Copy) act.Record {
	return wrongRecord{right, known, func(w wrongRecord, ctx context.Context, next model.Record, why model.Reason) error {
		err := w.Record.Swap(ctx, next, why)
		if err == nil || errors.Is(err, record.ErrConflict) {
			return err
		}
		imagined := w.known.Lease().DeepCopy()
		wrote, _ := record.Swap(ctx, acceptsEverything{}, imagined, next, why, begin) // it takes everything
		wrote.ResourceVersion += "9"                                                  // newer than what the watch has
		w.known.Learn(wrote)
		return nil
	}}
}

// acceptsEverything accepts every write.
type acceptsEverything struct{}

// Get is not called.
func (acceptsEverything) Get(context.Context, string, metav1.GetOptions) (*coordinationv1.Lease, error) {
	return nil, errors.New("not called")
}

// Update returns what it was given.
func (acceptsEverything) Update(_ context.Context, lease *coordinationv1.Lease, _ metav1.UpdateOptions) (*coordinationv1.Lease, error) {
	return lease, nil
}

// neverUnconfirmed lets a master take writes for as long as nobody tells it that another leads.
func neverUnconfirmed(v model.View, m decide.Memory) (decide.Decision, decide.Memory) {
	d, m := decide.Next(v, m)
	if v.Self.Redis.Role == model.Master && d.Tuning.MinReplicas == model.NoWrites && d.Reason == model.Unconfirmed {
		d.Tuning.MinReplicas, d.Ready = 0, true
	}
	return d, m
}

// notFencedByTheRecord waits for the pod that the record names to answer as master, and takes writes meanwhile.
func notFencedByTheRecord(v model.View, m decide.Memory) (decide.Decision, decide.Memory) {
	d, after := decide.Next(v, m)
	if v.Self.Redis.Role == model.Master && (d.Reason == model.Superseded || d.Reason == model.Unconfirmed) && d.Action != decide.Follow {
		d = decide.Decision{Reason: model.UnnamedMaster, Ready: true, Recheck: 100 * time.Millisecond, Tuning: model.Tuning{Priority: 1, ServeStale: true}}
	}
	return d, after
}

// keepsWriting takes writes until it follows another.
func keepsWriting(v model.View, m decide.Memory) (decide.Decision, decide.Memory) {
	d, after := decide.Next(v, m)
	d.Commands = slices.DeleteFunc(slices.Clone(d.Commands), func(c decide.Command) bool { return c.Do == decide.PauseWrites })
	return d, after
}

// letsGoEarly ends at once the pause that began when a Sentinel was heard to be elected.
func letsGoEarly(v model.View, m decide.Memory) (decide.Decision, decide.Memory) {
	d, after := decide.Next(v, m)
	for i := range d.Commands {
		if d.Commands[i].Do == decide.PauseWrites {
			d.Commands = []decide.Command{{Do: decide.ResumeWrites}}
		}
	}
	return d, after
}

// ignoresFailures goes on with a handover whatever became of a command.
func ignoresFailures(s handover.State, v handover.View) (handover.Step, handover.State) {
	v.Err = nil
	return s.Next(v)
}

// letsGo has nothing to give away where the API has not answered yet.
func letsGo(v model.View, m decide.Memory) (decide.Decision, decide.Memory) {
	d, after := decide.Next(v, m)
	if d.Reason == model.HandingOver && d.Action != decide.Handover {
		d.Reason = model.Incumbent
	}
	return d, after
}

// neverBackBeside is neverBack beside a Sentinel.
func neverBackBeside(v model.SentinelView, m decidesentinel.Memory) (decidesentinel.Decision, decidesentinel.Memory) {
	if v.Record.Epoch < m.MaxEpoch {
		v.Record = model.Record{}
	}
	return decidesentinel.Next(v, m)
}

// neverBack reads no record with a smaller epoch than it has seen, however new it is.
func neverBack(v model.View, m decide.Memory) (decide.Decision, decide.Memory) {
	if v.Record.Epoch < m.MaxEpoch {
		v.Record = model.Record{}
	}
	return decide.Next(v, m)
}
