// SPDX-License-Identifier: Apache-2.0

package record

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/utils/ptr"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// Replication ids.
var idA, idB = strings.Repeat("a", 40), strings.Repeat("0b", 20)

func lease() *coordinationv1.Lease {
	return &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{
		Namespace: "ns", Name: "redis-sentinel-redis", ResourceVersion: "5", UID: "lease",
		Annotations: map[string]string{contract.RecordSettings: `{"downAfterMs":5000}`, "theirs": "stays"},
	}}
}

func next() model.Record {
	return model.Record{
		Known: true, UID: "lease", Version: "5", Holder: "redis-1", PodUID: "uid-1", Address: model.Address{Host: "fd00::2", Port: 6379}, Epoch: 2048,
		Lineage: []string{idA, idB}, Members: map[int]model.Member{0: {VolumeClaim: "c0"}, 1: {VolumeClaim: "c1", InSync: true}},
		Offer: &model.Offer{PodUID: "uid-2", RunID: "r", ReplID: idA, Offset: 9, Reason: "test"},
	}
}

func TestRecordReadsBackAsWritten(t *testing.T) {
	l := lease()
	if err := encode(l, next(), "test", time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	got, err := Decode(l)
	if err != nil {
		t.Fatal(err)
	}
	want := next()
	want.Change = &model.Change{To: "uid-1", Cause: "test", Epoch: 2048, At: time.Unix(1, 0)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if l.Annotations["theirs"] != "stays" || l.Annotations[contract.RecordSettings] == "" {
		t.Error("an annotation that is not the agent's was changed")
	}
}

// TestChangeOfMasterIsWrittenDown: who led before and why another does, until the next one leads; whatever else is written.
func TestChangeOfMasterIsWrittenDown(t *testing.T) {
	l := lease()
	write := func(pod string, epoch uint64, offer *model.Offer, why model.Reason, at int64) model.Change {
		t.Helper()
		r := model.Record{Known: true, Holder: pod, PodUID: "uid-of-" + pod, Address: model.Address{Host: "10.0.0.1", Port: 6379}, Epoch: epoch, Offer: offer}
		if err := encode(l, r, string(why), time.Unix(at, 0)); err != nil {
			t.Fatal(err)
		}
		got, err := Decode(l)
		if err != nil || got.Change == nil {
			t.Fatalf("%+v, %v", got, err)
		}
		return *got.Change
	}
	to1 := &model.Offer{PodUID: "uid-of-redis-1", Reason: string(model.HandoverRequested), Seal: "seal"}
	for i, c := range []struct {
		got, want model.Change
	}{
		{write("redis-0", 1024, nil, model.AllEmpty, 10), model.Change{To: "uid-of-redis-0", Cause: model.AllEmpty, Epoch: 1024, At: time.Unix(10, 0)}},
		{write("redis-0", 2048, nil, model.EqualEpochs, 20), model.Change{To: "uid-of-redis-0", Cause: model.AllEmpty, Epoch: 1024, At: time.Unix(10, 0)}},
		{write("redis-0", 2048, to1, model.HandoverRequested, 30), model.Change{To: "uid-of-redis-0", Cause: model.AllEmpty, Epoch: 1024, At: time.Unix(10, 0)}},
		{write("redis-1", 3072, nil, model.TransferAccepted, 40), model.Change{From: "redis-0", To: "uid-of-redis-1", Cause: model.HandoverRequested, Epoch: 3072, At: time.Unix(40, 0)}},
		{write("redis-2", 3073, nil, model.NativeSwitch, 50), model.Change{From: "redis-1", To: "uid-of-redis-2", Cause: model.NativeSwitch, Epoch: 3073, At: time.Unix(50, 0)}},
	} {
		if diff := cmp.Diff(c.want, c.got); diff != "" {
			t.Errorf("write %d (-want +got)\n%s", i, diff)
		}
	}
	// An agent that knows no changes leaves the annotation of another's lead.
	l.Annotations[contract.RecordPodUID], l.Annotations[contract.RecordEpoch] = "uid-of-redis-0", "4096"
	if r, err := Decode(l); err != nil || r.Change != nil {
		t.Errorf("the change to another is told of redis-0: %+v, %v", r.Change, err)
	}
}

func TestSwap(t *testing.T) {
	conflict := apierrors.NewConflict(schema.GroupResource{Resource: "leases"}, "redis-sentinel-redis", errors.New("changed"))
	timeout := apierrors.NewTimeoutError("no answer", 1)
	cases := []struct {
		name   string
		answer error
		lands  bool
		want   error
	}{
		{name: "it lands", lands: true},
		{name: "another agent was first", answer: conflict, want: ErrConflict},
		{name: "it lands and the answer is lost: read back (R4a)", answer: timeout, lands: true},
		{name: "the answer is lost and it did not land", answer: timeout, want: timeout},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			client := fake.NewClientset(lease())
			client.PrependReactor("update", "leases", func(action clienttesting.Action) (bool, runtime.Object, error) {
				update, ok := action.(clienttesting.UpdateAction)
				if c.lands && ok {
					if err := client.Tracker().Update(action.GetResource(), update.GetObject(), action.GetNamespace()); err != nil {
						t.Fatal(err)
					}
				}
				return c.answer != nil, nil, c.answer
			})
			_, err := Swap(context.WithoutCancel(t.Context()), client.CoordinationV1().Leases("ns"), lease(), next(), "test", time.Unix(1, 0))
			if (c.want == nil) != (err == nil) || c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("err=%v, want %v", err, c.want)
			}
		})
	}
}

// TestWhatIsReadBackIsNotMine: the answer to a write is lost, and what stands differs from it in one point. An offer that could not be
// taken back may be accepted, and two claims of one moment have one epoch.
func TestWhatIsReadBackIsNotMine(t *testing.T) {
	timeout := apierrors.NewTimeoutError("no answer", 1)
	withdrawal := next()
	withdrawal.Offer = nil
	for name, c := range map[string]struct {
		next   model.Record
		stands func(*model.Record)
	}{
		"another pod's claim of the same moment": {next(), func(r *model.Record) { r.PodUID = "uid-0" }},
		"my claim, from another address":         {next(), func(r *model.Record) { r.Address.Host = "fd00::3" }},
		"an older claim":                         {next(), func(r *model.Record) { r.Epoch = 1024 }},
		"the offer that I take back":             {withdrawal, func(r *model.Record) { r.Offer = next().Offer }},
		"no offer":                               {next(), func(r *model.Record) { r.Offer = nil }},
		"an offer to the process before":         {next(), func(r *model.Record) { r.Offer.RunID = "before" }},
		"an offer with another seal":             {next(), func(r *model.Record) { r.Offer.Seal = "other" }},
	} {
		for version, want := range map[string]error{"5": timeout, "6": ErrConflict} {
			t.Run(name+" in version "+version, func(t *testing.T) {
				was, stands := c.next, lease()
				if was.Offer != nil {
					was.Offer = new(*was.Offer)
				}
				c.stands(&was)
				if err := encode(stands, was, "test", time.Unix(1, 0)); err != nil {
					t.Fatal(err)
				}
				stands.ResourceVersion = version
				client := fake.NewClientset(stands)
				client.PrependReactor("update", "leases", func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, timeout })
				if got, err := Swap(t.Context(), client.CoordinationV1().Leases("ns"), lease(), c.next, "test", time.Unix(1, 0)); !errors.Is(err, want) {
					t.Errorf("%v, %v, want %v", got, err, want)
				}
			})
		}
	}
}

// TestSayWritesNothingElse: who says which keys he uses changes nothing else of the record, and forgets those who are gone; every other
// write leaves it alone.
func TestSayWritesNothingElse(t *testing.T) {
	l := lease()
	if err := encode(l, next(), "test", time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	l.Annotations[contract.RecordKeys] = `{"uid-gone":{"presents":"1-aa"},"sentinel-0":{"presents":"1-aa"}}`
	client := fake.NewClientset(l)
	copy := &held{lease: l}
	store := NewStore(client.CoordinationV1().Leases("ns"), copy, time.Now)
	use := model.KeyUse{Accepts: []string{"1-aa", "2-aa"}, Presents: "1-aa"}
	kept := func(who string) bool { return model.SentinelName(who) }
	if err := store.Say(t.Context(), "4", "uid-1", use, kept); !errors.Is(err, ErrConflict) {
		t.Errorf("an older version: %v", err)
	}
	if err := store.Say(t.Context(), "5", "uid-1", use, kept); err != nil {
		t.Fatal(err)
	}
	got, err := Decode(copy.lease)
	want := next()
	want.Version = copy.lease.ResourceVersion
	want.Change = got.Change
	want.Uses = map[string]model.KeyUse{"uid-1": use, "sentinel-0": {Presents: "1-aa"}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
	before := copy.lease.Annotations[contract.RecordKeys]
	claim := next()
	claim.Uses = nil // a claim says nothing of keys
	if err := encode(copy.lease, claim, "test", time.Unix(1, 0)); err != nil || copy.lease.Annotations[contract.RecordKeys] != before {
		t.Errorf("another write changed what was said of keys: %v", err)
	}
}

// held is a copy of the record in memory.
type held struct{ lease *coordinationv1.Lease }

func (h *held) Lease() *coordinationv1.Lease  { return h.lease }
func (h *held) Learn(l *coordinationv1.Lease) { h.lease = l }

// TestLeaseSaysSinceWhen: who looks at Leases finds there since when the holder leads, and how often that changed.
func TestLeaseSaysSinceWhen(t *testing.T) {
	l, r := lease(), next()
	for n, c := range []struct {
		uid         string
		since       int64
		transitions int32
	}{{"uid-1", 1, 0}, {"uid-1", 1, 0}, {"uid-2", 3, 1}, {"uid-1", 4, 2}} {
		r.PodUID = c.uid
		if err := encode(l, r, "test", time.Unix(int64(n+1), 0)); err != nil {
			t.Fatal(err)
		}
		if since, n := l.Spec.AcquireTime.Unix(), ptr.Deref(l.Spec.LeaseTransitions, 0); since != c.since || n != c.transitions {
			t.Errorf("%s leads since %d after %d changes, want since %d after %d", c.uid, since, n, c.since, c.transitions)
		}
	}
}

// TestSealedOfferHasAPlaceOfItsOwn: an agent of the version before reads offers that need no word, and must not find this one.
func TestSealedOfferHasAPlaceOfItsOwn(t *testing.T) {
	l, r := lease(), next()
	plain := *r.Offer
	sealed := plain
	sealed.Seal = model.SealOf("word")
	for _, offer := range []*model.Offer{&sealed, &plain, &sealed, nil} {
		r.Offer = offer
		if err := encode(l, r, "test", time.Unix(1, 0)); err != nil {
			t.Fatal(err)
		}
		if got := l.Annotations[contract.RecordOffer] != ""; got != (offer == &plain) {
			t.Errorf("%v stands where the version before reads: %t", offer, got)
		}
		got, err := Decode(l)
		if diff := cmp.Diff(offer, got.Offer); diff != "" || err != nil {
			t.Errorf("%v (-want +got)\n%s", err, diff)
		}
	}
	l.Annotations[contract.RecordOffer] = strings.ReplaceAll(`{"podUID":"uid-2","runID":"r","replID":"`+idA+`","offset":9,"reason":"x","seal":"S"}`, "S", sealed.Seal)
	if got, err := Decode(l); got.Offer != nil || err == nil {
		t.Errorf("a seal in the place of the others is read: %v, %v", got.Offer, err)
	}
}

// deaf is an API that never answers, and says how long it was asked.
type deaf struct{ wrote, read time.Duration }

func (d *deaf) Get(ctx context.Context, _ string, _ metav1.GetOptions) (*coordinationv1.Lease, error) {
	began := time.Now()
	<-ctx.Done()
	d.read = time.Since(began)
	return nil, ctx.Err()
}

func (d *deaf) Update(ctx context.Context, _ *coordinationv1.Lease, _ metav1.UpdateOptions) (*coordinationv1.Lease, error) {
	began := time.Now()
	<-ctx.Done()
	d.wrote = time.Since(began)
	return nil, ctx.Err()
}

// TestWritesAreBounded: an agent that waits for the API does nothing else meanwhile, and its Redis may have to refuse writes.
func TestWritesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &deaf{}
		if _, err := Swap(t.Context(), api, lease(), next(), "test", time.Now()); err == nil || errors.Is(err, ErrConflict) {
			t.Errorf("what became of it is unknown: %v", err)
		}
		if api.wrote != 2*time.Second || api.read != 2*time.Second {
			t.Errorf("it waited %s for the write and %s for reading it back, want 2 s each", api.wrote, api.read)
		}
		began := time.Now()
		store := NewStore(api, &held{lease: lease()}, time.Now)
		if err := store.Say(t.Context(), "5", "uid", model.KeyUse{}, func(string) bool { return true }); err == nil || time.Since(began) != 2*time.Second {
			t.Errorf("saying keys: %v after %s", err, time.Since(began))
		}
	})
}
