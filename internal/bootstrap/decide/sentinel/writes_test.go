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
