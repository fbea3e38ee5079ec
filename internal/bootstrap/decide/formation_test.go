// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

func TestFirstFormation(t *testing.T) {
	ordered := func(v *model.View) { v.OrderedReady = true }
	run(t, []situationCase{
		{
			name: "OrderedReady: ordinal 0 is alone and nothing else can hold data: it begins",
			view: with(fresh(pod(0)), ordered), action: Claim, reason: model.AllEmpty,
		},
		{
			name: "Parallel: ordinal 0 begins when all have answered",
			view: fresh(pod(0), pod(1), pod(2)), action: Claim, reason: model.AllEmpty,
		},
		{
			name: "Parallel: the others wait for it",
			view: fresh(pod(1), pod(0), pod(2)), action: Wait, reason: model.AnotherLeads,
		},
		{
			name: "a pod that has not answered may hold data",
			view: fresh(pod(0), pod(1), pod(2, silent)), action: Wait, reason: model.CandidatesSilent,
		},
		{
			name:   "a claim without a pod may hold data (R8b); the pod is Ready though fenced, so that the next is created (R9)",
			view:   with(fresh(pod(0)), func(v *model.View) { v.OrderedReady, v.VolumeClaims = true, []int{0, 1, 2} }),
			action: Wait, reason: model.CandidatesSilent, ready: true,
		},
		{
			name:   "a claim beyond spec.replicas never gets a pod: it is not waited for",
			view:   with(fresh(pod(0)), func(v *model.View) { v.OrderedReady, v.VolumeClaims, v.Replicas = true, []int{0, 1, 2}, 1 }),
			action: Claim, reason: model.AllEmpty,
		},
		{
			name: "under Parallel a fenced pod is never Ready",
			view: with(fresh(pod(0)), func(v *model.View) { v.VolumeClaims = []int{0, 1, 2} }), action: Wait, reason: model.CandidatesSilent,
		},
		{
			name: "the one with data leads, whatever its ordinal (R8)",
			view: fresh(pod(2, data(lineageID, 9, 4)), pod(0), pod(1)), action: Claim, reason: model.BestData,
		},
		{
			name: "ordinal 0 is empty and another holds data: it waits",
			view: fresh(pod(0), pod(1), pod(2, data(lineageID, 9, 4))), action: Wait, reason: model.AnotherLeads,
		},
		{
			name: "under one id the greater offset leads",
			view: fresh(pod(1, data(lineageID, 20, 4)), pod(0, data(lineageID, 9, 4)), pod(2)), action: Claim, reason: model.BestData,
		},
		{
			name: "two unrelated data sets: refused",
			view: fresh(pod(0, data(lineageID, 20, 4)), pod(1, data(otherID, 9, 4)), pod(2)), action: Wait, reason: model.UnrelatedData,
		},
		{
			name:   "two unrelated data sets: the user has chosen",
			view:   with(fresh(pod(1, data(otherID, 9, 4)), pod(0, data(lineageID, 20, 4)), pod(2)), func(v *model.View) { v.Config.InitialMaster = "redis-1" }),
			action: Claim, reason: model.BestData,
		},
		{
			name: "another pod is master already: its own agent claims",
			view: fresh(pod(1), pod(0, master)), action: Wait, reason: model.AnotherLeads,
		},
		{
			name: "a terminating pod forms nothing (R14)",
			view: fresh(edited(pod(0), func(p *model.Pod) { p.Terminating = true })), action: Wait, reason: model.CandidatesSilent,
		},
		{
			name: "without the API no pod claims",
			view: with(fresh(pod(0)), func(v *model.View) { v.API = false }), action: Wait, reason: model.APIAway,
		},
		{
			name: "without a StatefulSet nothing is formed (R14)",
			view: with(fresh(pod(0)), func(v *model.View) { v.SetGone = true }), action: Wait, reason: model.SetDeleted,
		},
	})
}

// TestFormationEndsWithoutSilentHolder: a pod that never answers delays the first formation by the recovery timeout, not for
// ever (R8c).
func TestFormationEndsWithoutSilentHolder(t *testing.T) {
	v := fresh(pod(1), pod(0, silent), pod(2))
	d, m := Next(v, Memory{})
	if d.Reason != model.CandidatesSilent {
		t.Fatalf("got %s, want CandidatesSilent", d.Reason)
	}
	if d, m = lasting(v, m, time.Second, 61*time.Second); d.Action != Claim || d.Reason != model.AllEmpty {
		t.Errorf("after the timeout: %s/%s, want claim/AllEmpty by the lowest that answers", d.Action, d.Reason)
	}
	v.Peers[0].Redis.Answer = model.Loading
	if d, _ = Next(moment(v, 62*time.Second), m); d.Action == Claim {
		t.Error("the clock did not start over at a sign of progress")
	}
}

func TestAdoption(t *testing.T) {
	plainMaster := func(n int, keys int64) model.Pod {
		p := pod(n, plain, master)
		p.Redis.Keys = keys
		p.Redis.ReplID = lineageID
		if keys == 0 {
			p = but(p, data(otherID, 0, 0))
		}
		return p
	}
	run(t, []situationCase{
		{
			name: "the one plain master with keys is followed (K-B6)",
			view: fresh(pod(2), plainMaster(0, 10), plainMaster(1, 0)), action: Follow, reason: model.Adopting, target: at(0),
		},
		{
			name: "the data may lie in another ordinal than 0",
			view: fresh(pod(2), plainMaster(0, 0), plainMaster(1, 10)), action: Follow, reason: model.Adopting, target: at(1),
		},
		{
			name: "no plain master has keys: the lowest is followed",
			view: fresh(pod(2), plainMaster(1, 0), plainMaster(0, 0)), action: Follow, reason: model.Adopting, target: at(0),
		},
		{
			name: "once in sync the pod is Ready, so that the rollout goes on",
			view: fresh(pod(2, replica(0)), plainMaster(0, 10), plainMaster(1, 0)), action: Wait, reason: model.Synced, target: at(0), ready: true,
		},
		{
			name: "several plain masters with keys: refused",
			view: fresh(pod(2), plainMaster(0, 10), plainMaster(1, 10)), action: Wait, reason: model.SeveralPlainMasters,
		},
		{
			name:   "several plain masters with keys: the user has chosen",
			view:   with(fresh(pod(2), plainMaster(0, 10), plainMaster(1, 10)), func(v *model.View) { v.Config.InitialMaster = "redis-1" }),
			action: Follow, reason: model.Adopting, target: at(1),
		},
		{
			name: "a plain pod that does not answer may hold the data",
			view: fresh(pod(2), plainMaster(0, 10), pod(1, plain, silent)), action: Wait, reason: model.PlainPodsSilent,
		},
		{
			name: "the data lies in me and the plain pods hold none: Ready, so that the rollout goes on",
			view: fresh(pod(2, data(thirdID, 5, 3)), plainMaster(0, 0), plainMaster(1, 0)), action: Wait, reason: model.AdoptionGoesOn, ready: true,
		},
		{
			name: "my own volume holds other data: it is not replaced",
			view: fresh(pod(2, data(thirdID, 5, 3)), plainMaster(0, 10), plainMaster(1, 0)), action: Wait, reason: model.AdoptingForeign,
		},
	})
}

// TestPlainSetWhoseMasterIsReplacedFirst: the plain group's master was the highest ordinal, so it is the first that gets an agent; the
// others are its replicas, and lose their ids when they are replaced. It leads in the end, by what its agent told the record.
func TestPlainSetWhoseMasterIsReplacedFirst(t *testing.T) {
	unknownAddress := func(p model.Pod) model.Pod { p.Redis.Following.Host = "10.9.9.9"; return p }
	replicaOf2 := func(n int) model.Pod { return pod(n, replica(2), unknownAddress, linkDown, plain) }
	was, first, second := pod(2, data(thirdID, 0, 10)), pod(1, data(otherID, 0, 10)), pod(0, data(lineageID, 0, 10))
	record := model.Record{Known: true, Version: "1"}
	see := func(self model.Pod, peers ...model.Pod) Decision {
		v := fresh(self, peers...)
		v.Record = record
		d, _ := Next(v, Memory{})
		if d.Record != nil {
			record = *d.Record
			record.Known = true
		}
		return d
	}
	for _, step := range []struct {
		self   model.Pod
		peers  []model.Pod
		action Action
		ready  bool
	}{
		{was, []model.Pod{replicaOf2(0), replicaOf2(1)}, Join, true},
		{was, []model.Pod{replicaOf2(0), replicaOf2(1)}, Wait, true},
		{first, []model.Pod{replicaOf2(0), was}, Wait, true},
		{was, []model.Pod{replicaOf2(0), first}, Wait, true},
		{second, []model.Pod{first, was}, Wait, false},
		{first, []model.Pod{second, was}, Wait, false},
		{was, []model.Pod{second, first}, Claim, false},
	} {
		if d := see(step.self, step.peers...); d.Action != step.action || d.Ready != step.ready {
			t.Fatalf("%s beside %d pods: %s/%s, ready %v; want %s, ready %v", step.self.Name, len(step.peers), d.Action, d.Reason, d.Ready, step.action, step.ready)
		}
	}
	for n := range 3 {
		if record.Members[n].VolumeClaim != pod(n).VolumeClaim {
			t.Errorf("ordinal %d is no member: %+v", n, record.Members)
		}
	}
}

// TestAdoptionEndsWithTheData: the last plain pod comes back with an agent and, after a restart with AOF, under an unknown id
// (R5). The pods that followed it know whose data they have.
func TestAdoptionEndsWithTheData(t *testing.T) {
	leader := pod(0, plain, master)
	_, m := Next(fresh(pod(1, replica(0)), leader, pod(2, replica(0))), Memory{})
	if got, want := m.AdoptedFrom[0], "claim-0"; got != want {
		t.Fatalf("AdoptedFrom[0]=%q, want %q", got, want)
	}
	back := pod(0, recreated, data(otherID, 0, 10))
	d, _ := Next(fresh(pod(1, replica(0), linkDown), back, pod(2, replica(0), linkDown)), m)
	if d.Action != Claim || d.Reason != model.BestData {
		t.Fatalf("got %s/%s, want claim/BestData", d.Action, d.Reason)
	}
	if d.Record.Members[0].VolumeClaim != "claim-0" {
		t.Error("the claim that was adopted is not a member: its pod would refuse to follow")
	}
	empty := pod(0, recreated)
	if d, _ := Next(fresh(empty, pod(1, replica(0), linkDown), pod(2, replica(0), linkDown)), Memory{}); d.Action == Claim {
		t.Error("the empty ordinal 0 claims over the replicas that hold the data")
	}
}
