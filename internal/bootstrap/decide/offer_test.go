// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// crashed is a view of the recorded holder's agent whose Redis is gone; it has led at offset 100 before.
func crashed(peers ...model.Pod) (model.View, Memory) {
	led := formed(0, pod(0, master), pod(1, replica(0)), pod(2, replica(0)))
	_, m := Next(moment(led, -time.Second), Memory{})
	v := formed(0, pod(0, silent), peers...)
	v.Self.Redis.Refused = true
	return v, m
}

// TestCrashOfferGoesToWhoHasAll: pod 2 was out of reach for an hour, so its entry still says that it is in sync. While pod 1
// does not answer, pod 2 is offered nothing.
func TestCrashOfferGoesToWhoHasAll(t *testing.T) {
	stale := pod(2, replica(0), linkDown, data(lineageID, 40, 10))
	v, m := crashed(pod(1, silent), stale)
	if d, _ := Next(v, m); d.Action != Wait {
		t.Errorf("%s to offset %d, which is less than was led with; want to wait for the other", d.Action, offerOf(d).Offset)
	}
	v, m = crashed(pod(1, silent), pod(2, replica(0), linkDown))
	if d, _ := Next(v, m); d.Action != OfferTransfer {
		t.Errorf("%s/%s, want an offer to the one that has everything", d.Action, d.Reason)
	}
	v, m = crashed(pod(1, replica(0), linkDown, data(lineageID, 90, 10)), stale)
	if d, _ := Next(v, m); d.Action != OfferTransfer || offerOf(d).PodUID != "uid-1" {
		t.Errorf("%s/%s, want an offer to the furthest: all have answered", d.Action, d.Reason)
	}
	v, m = crashed(pod(1, silent), stale)
	recordBehind(1)(&v)
	if d, _ := Next(v, m); d.Action != OfferTransfer || offerOf(d).PodUID != "uid-2" {
		t.Errorf("%s/%s, want an offer to the one in sync: the silent one was behind it", d.Action, d.Reason)
	}
}

// TestTimeOfAnOfferBeginsInTheRecord: a process that could not see it has not let it pass.
func TestTimeOfAnOfferBeginsInTheRecord(t *testing.T) {
	v, m := crashed(pod(1, replica(0), linkDown, data(lineageID, 110, 10)), pod(2, replica(0), linkDown))
	var d Decision
	for n := range 10 { // each write fails
		if d, m = Next(moment(v, time.Duration(n)*time.Second), m); d.Action != OfferTransfer || offerOf(d).PodUID != "uid-1" {
			t.Fatalf("try %d: %s/%s, want the offer to the furthest again", n, d.Action, d.Reason)
		}
	}
	v.Record.Offer = d.Record.Offer
	if d, m = Next(moment(v, 20*time.Second), m); d.Action != Wait {
		t.Fatalf("%s/%s at the first sight of it, want to wait", d.Action, d.Reason)
	}
	if d, _ = Next(moment(v, 20*time.Second+299*time.Millisecond), m); d.Action != Wait {
		t.Errorf("%s/%s within its time", d.Action, d.Reason)
	}
	if d, _ = Next(moment(v, 20*time.Second+301*time.Millisecond), m); d.Action != OfferTransfer || offerOf(d).PodUID != "uid-2" {
		t.Errorf("%s/%s after its time, want the offer to the next", d.Action, d.Reason)
	}
	v.Sentinels[2] = model.Sentinel{}
	if d, _ = Next(moment(v, 20*time.Second+time.Second), m); d.Action != Wait {
		t.Errorf("%s/%s: a Sentinel is silent, and its target's agent waits for that one too", d.Action, d.Reason)
	}
}

// TestOfferThatDoesNotFitBlocksNobody: its maker is gone, and its target is another process by now.
func TestOfferThatDoesNotFitBlocksNobody(t *testing.T) {
	v := formed(0, pod(1, data(otherID, 0, 10)), pod(0, recreated), pod(2, data(thirdID, 0, 9)))
	v.Record.Offer = &model.Offer{PodUID: "uid-1", RunID: "the process before", ReplID: lineageID, Offset: 100}
	v.Peers[0].VolumeClaim = "a new claim"
	flagged(&v)
	if d, _ := lasting(v, Memory{}, 0, 61*time.Second); d.Action != Claim {
		t.Errorf("%s/%s, want the best to claim", d.Action, d.Reason)
	}
}

// TestCrashOffersGoRound: when all let theirs pass, the first is asked again: its agent may have been away.
func TestCrashOffersGoRound(t *testing.T) {
	v, m := crashed(pod(1, replica(0), linkDown), pod(2, replica(0), linkDown))
	asked := map[string]int{}
	var d Decision
	for n := range 40 {
		d, m = Next(moment(v, time.Duration(n)*100*time.Millisecond), m)
		if d.Action == OfferTransfer {
			v.Record.Offer = d.Record.Offer
			asked[offerOf(d).PodUID]++
		}
	}
	if asked["uid-1"] < 2 || asked["uid-2"] < 2 {
		t.Errorf("in four seconds they were asked %v times, want each of them again", asked)
	}
}

// TestRefusalsEndWithTheMastership: a process that let an offer pass when I held the record before is asked like any other.
func TestRefusalsEndWithTheMastership(t *testing.T) {
	_, m := Next(formed(1, pod(0, replica(1)), pod(1, master), pod(2, replica(1))), Memory{Declined: []string{"run-1"}, OfferedTo: "run-2", OfferedAt: clock})
	v, _ := crashed(pod(1, replica(0), linkDown), pod(2, replica(0), linkDown))
	if d, _ := Next(v, m); d.Action != OfferTransfer || offerOf(d).PodUID != "uid-1" {
		t.Errorf("%s/%s, want the offer to the first", d.Action, d.Reason)
	}
}
