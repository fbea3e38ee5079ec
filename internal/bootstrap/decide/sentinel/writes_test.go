// SPDX-License-Identifier: Apache-2.0

package sentinel

import (
	"reflect"
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// TestWhatIsWrittenIntoTheRecord: whom it names from then on, as a whole, and nothing else of it; an offer of the one before is void.
func TestWhatIsWrittenIntoTheRecord(t *testing.T) {
	adopted := beside(func(v *model.SentinelView) {
		v.Own.Address, v.Own.ConfigEpoch = at(1), holderAt+1
		v.Pods = []model.Pod{pod(0, silent), pod(1, master), pod(2, replica(1))}
	})
	reissued := beside(func(v *model.SentinelView) { v.Own.Address = at(1) })
	for name, c := range map[string]struct {
		view   model.SentinelView
		action Action
		names  model.Pod
		epoch  func(uint64) bool
	}{
		"a native failover": {adopted, Adopt, adopted.Pods[1], func(e uint64) bool { return e == holderAt+1 }},
		"equal epochs":      {reissued, Reissue, reissued.Pods[0], func(e uint64) bool { return e > holderAt }},
	} {
		t.Run(name, func(t *testing.T) {
			c.view.Record.Offer = &model.Offer{PodUID: "uid-2"}
			d, _ := Next(c.view, Memory{})
			if d.Action != c.action || d.Record == nil || !c.epoch(d.Record.Epoch) || d.Record.Epoch != d.Epoch {
				t.Fatalf("%s/%s writes %+v", d.Action, d.Reason, d.Record)
			}
			want := c.view.Record
			want.Holder, want.PodUID, want.Address, want.Epoch, want.Offer = c.names.Name, c.names.UID, c.names.Address, d.Epoch, nil
			if !reflect.DeepEqual(*d.Record, want) {
				t.Errorf("writes %+v, want %+v", *d.Record, want)
			}
		})
	}
}

// TestWhatASentinelIsTold: all that the command needs stands in it.
func TestWhatASentinelIsTold(t *testing.T) {
	unknown := func(v *model.SentinelView) { v.Own = model.OwnSentinel{Sentinel: model.Sentinel{Answered: true}} }
	behind := func(v *model.SentinelView) { v.Record.Epoch += 1024 }
	slow := func(v *model.SentinelView) { v.Own.Watching.DownAfter = time.Minute }
	v := beside(behind)
	for _, c := range []struct {
		view model.SentinelView
		want Command
	}{
		{beside(unknown), Command{Do: Recreate, Master: at(0), Epoch: holderAt, Watching: watchingOf(), Peers: v.Peers}},
		{v, Command{Do: Inject, From: v.Own.Peers[0], Master: at(0), Epoch: holderAt + 1024}},
		{beside(slow), Command{Do: Configure, Watching: watchingOf()}},
		{beside(func(v *model.SentinelView) { v.RecordGone = true }), Command{Do: Remove}},
	} {
		if d, _ := Next(c.view, Memory{}); d.Command == nil || !reflect.DeepEqual(*d.Command, c.want) || d.Action != c.want.Do {
			t.Errorf("%s/%s by %+v, want %+v", d.Action, d.Reason, d.Command, c.want)
		}
	}
}

// TestRecreationsAreApart: each makes my Sentinel forget what it knows, so one follows another only when it had its time.
func TestRecreationsAreApart(t *testing.T) {
	unelectable := beside(func(v *model.SentinelView) {
		for i := range v.Own.Replicas {
			v.Own.Replicas[i].Priority = 0
		}
	})
	ghost := beside(func(v *model.SentinelView) {
		v.Own.Replicas = append(v.Own.Replicas, model.SeenReplica{Address: model.Address{Host: "10.9.9.9", Port: 6379}, Priority: 100})
	})
	for name, c := range map[string]struct {
		view         model.SentinelView
		first, apart time.Duration
	}{
		"nobody could be elected":    {unelectable, 0, renewEvery},
		"it lists what is not there": {ghost, staleFor, pruneEvery + staleFor},
	} {
		t.Run(name, func(t *testing.T) {
			var m Memory
			var d Decision
			var at []time.Duration
			for after := time.Duration(0); after < 70*time.Second; after += time.Second {
				v := c.view
				v.Now = clock.Add(after)
				if d, m = Next(v, m); d.Action == Recreate {
					at = append(at, after)
				}
			}
			if len(at) < 2 || at[0] != c.first {
				t.Fatalf("recreated after %v", at)
			}
			for i := range at[1:] {
				if apart := at[i+1] - at[i]; apart < min(c.apart, pruneEvery) || apart > c.apart {
					t.Errorf("recreated after %v, want %s between", at, c.apart)
				}
			}
		})
	}
}
