// SPDX-License-Identifier: Apache-2.0

package record

import (
	"encoding/json"
	"fmt"
	"maps"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	coordinationv1 "k8s.io/api/coordination/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// written is a record as agents and webhook write it.
func written(t testing.TB) *coordinationv1.Lease {
	t.Helper()
	l := lease()
	if err := encode(l, next(), "test", time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	l.Annotations[contract.RecordSettings] = `{"sentinels":{"namespace":"ns","name":"sentinel","service":"s","replicas":3,"port":26379},"quorum":2,"downAfterMs":5000,"failoverTimeoutMs":10000,"parallelSyncs":1,"port":6379}`
	return l
}

// TestRecordIsInput: a tenant may write garbage; it is named and left out, and never becomes a holder.
func TestRecordIsInput(t *testing.T) {
	long := strings.Repeat("a", 250_000)
	for name, values := range map[string][]string{
		contract.RecordEpoch:   {"-1", "x", "18446744073709551616", long, "1e9", " 1"},
		contract.RecordAddress: {"", "redis-0.example:6379", "10.0.0.1:0", "10.0.0.1:99999", "10.0.0.1:-1", "10.0.0.1", "fe80::1%eth0:6379", "[fe80::1%eth0]:6379", "0.0.0.0:6379", "[::]:6379", "224.0.0.1:6379", "[::ffff:10.0.0.1]:6379", "10.0.0.1:6379 x", "10.0.0.1:6379\nsentinel x", long},
		contract.RecordPodUID:  {"a b", "a\nb", long},
	} {
		for _, value := range values {
			l := written(t)
			l.Annotations[name] = value
			r, err := Decode(l)
			if err == nil || !strings.Contains(err.Error(), name) || r.HasHolder() || r.Epoch != 0 || r.Address != (model.Address{}) {
				t.Errorf("%s=%.40q: err=%v, record %+v; want it named, and nobody as master", name, value, err, r)
			}
			if len(r.Lineage) != 2 || len(r.Members) != 2 {
				t.Errorf("%s=%.40q: %+v: the rest of the record does not count any more", name, value, r)
			}
		}
	}
}

// TestRecordIsBounded: what is no part of the holder is left out by itself.
func TestRecordIsBounded(t *testing.T) {
	ids := strings.TrimSuffix(strings.Repeat(idA+",", 17), ",")
	crowd := map[int]model.Member{}
	for n := range mostMembers + 1 {
		crowd[n] = model.Member{VolumeClaim: "c"}
	}
	members, err := json.Marshal(crowd)
	if err != nil {
		t.Fatal(err)
	}
	empty := func(r model.Record) bool { return r.Members == nil }
	for _, c := range []struct {
		name, value string
		out         func(model.Record) bool
	}{
		{contract.RecordLineage, ids, func(r model.Record) bool { return len(r.Lineage) <= mostLineage }},
		{contract.RecordLineage, "zz", func(r model.Record) bool { return len(r.Lineage) == 0 }},
		{contract.RecordLineage, idA + "," + idB + "x", func(r model.Record) bool { return len(r.Lineage) == 1 }},
		{contract.RecordMembers, "{", empty},
		{contract.RecordMembers, string(members), empty},
		{contract.RecordMembers, `{"-1":{"claim":"c"}}`, empty},
		{contract.RecordMembers, `{"0":{"claim":"c d"}}`, empty},
		{contract.RecordMembers, `{"0":{"claim":"` + strings.Repeat("c", 9000) + `"}}`, empty},
		{contract.RecordOffer, "[]", func(r model.Record) bool { return r.Offer == nil }},
		{contract.RecordOffer, `{"podUID":"a b"}`, func(r model.Record) bool { return r.Offer == nil }},
		{contract.RecordOffer, `{"podUID":"u","offset":-1}`, func(r model.Record) bool { return r.Offer == nil }},
		{contract.RecordChange, "[]", func(r model.Record) bool { return r.Change == nil }},
		{contract.RecordChange, `{"from":"a b","to":"uid-1","cause":"x"}`, func(r model.Record) bool { return r.Change == nil }},
		{contract.RecordChange, `{"from":"redis-0","to":"uid-1","cause":"one\nmore"}`, func(r model.Record) bool { return r.Change == nil }},
		{contract.RecordChange, `{"to":"` + strings.Repeat("c", 600) + `"}`, func(r model.Record) bool { return r.Change == nil }},
	} {
		l := written(t)
		l.Annotations[c.name] = c.value
		r, err := Decode(l)
		if err == nil || !strings.Contains(err.Error(), c.name) || !c.out(r) || !r.HasHolder() {
			t.Errorf("%s=%.40q: err=%v, record %+v", c.name, c.value, err, r)
		}
	}
	if err := encode(lease(), model.Record{Members: crowd}, "test", time.Unix(1, 0)); err == nil {
		t.Error("an agent writes more members than agents read")
	}
}

// TestSettingsAreBounded: a field that is out of bounds is named and counts as not set.
func TestSettingsAreBounded(t *testing.T) {
	if err := Objection(written(t)); err != nil {
		t.Fatalf("a record as the webhook writes it: %v", err)
	}
	for text, field := range map[string]string{
		`{"port":99999}`: "port", `{"port":-1}`: "port", `{"quorum":-2}`: "quorum", `{"quorum":2000000000}`: "quorum",
		`{"parallelSyncs":-3}`: "parallelSyncs", `{"downAfterMs":-1}`: "downAfterMs",
		`{"masterName":"a b"}`: "masterName", `{"masterName":"a\nsentinel"}`: "masterName", `{"masterName":"a,b"}`: "masterName",
		`{"masterName":"` + strings.Repeat("a", 300) + `"}`: "masterName",
		`{"sentinels":{"replicas":1000000000}}`:             "sentinels.replicas", `{"sentinels":{"port":65536}}`: "sentinels.port",
		`{"sentinels":{"name":"a b"}}`: "sentinels.name", `{"sentinels":{"service":"a/b"}}`: "sentinels.service", `{"sentinels":{"namespace":"a..b"}}`: "sentinels.namespace",
	} {
		l := written(t)
		l.Annotations[contract.RecordSettings] = text
		s, ok := Settings(l)
		if err := Objection(l); !ok || s != (contract.GroupSettings{}) || err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%.60s: %+v, objection %v; want %s left out and named", text, s, err, field)
		}
	}
	l := written(t)
	l.Annotations[contract.RecordSettings] = `{"failoverTimeoutMs":9223372036854775807}`
	if s, _ := Settings(l); s.FailoverTimeoutMs != longestTimeMs || Objection(l) == nil {
		t.Errorf("a timeout of all time became %d ms", s.FailoverTimeoutMs)
	}
	l.Annotations[contract.RecordSettings] = `{"port":6379,"x":"` + strings.Repeat("x", longestSettings) + `"}`
	if _, ok := Settings(l); ok || Objection(l) == nil {
		t.Error("settings beyond 4 KiB are read")
	}
}

// FuzzRecord: whatever stands in a record, what is read of it can be written into sentinel.conf and be asked.
func FuzzRecord(f *testing.F) {
	f.Add("1024", "10.0.0.1:6379", "uid", `{"masterName":"m","port":1}`, `{"0":{"claim":"c"}}`)
	f.Add("18446744073709551615", "[fd00::1]:65535", "u", `{"port":99999}`, `{}`)
	f.Fuzz(func(t *testing.T, epoch, address, uid, settings, members string) {
		l := written(t)
		maps.Copy(l.Annotations, map[string]string{
			contract.RecordEpoch: epoch, contract.RecordAddress: address, contract.RecordPodUID: uid, contract.RecordSettings: settings, contract.RecordMembers: members,
		})
		r, _ := Decode(l)
		if r.HasHolder() && (r.Address.Port < 1 || r.Address.Port > 65535 || r.Address.Host == "" || strings.ContainsAny(r.Address.Host+r.PodUID, " \n,%")) {
			t.Errorf("a holder at %v with uid %q", r.Address, r.PodUID)
		}
		if s, _ := Settings(l); s.Port < 0 || s.Port > 65535 || s.Sentinels.Replicas > mostCount || strings.ContainsAny(s.MasterName, " \n,") {
			t.Errorf("settings %+v", s)
		}
		if len(r.Members) > mostMembers {
			t.Errorf("%d members", len(r.Members))
		}
	})
}

// TestGreatestGroupIsReadWhole: what agents may write themselves is within all bounds, and one more pod is refused when it is written.
func TestGreatestGroupIsReadWhole(t *testing.T) {
	const uid = "4f2f5c6e-9a3b-4a6e-8f43-0a2a8e5b7f10"
	want := next()
	want.PodUID, want.Members, want.Lineage = uid, map[int]model.Member{}, nil
	for n := range mostMembers {
		want.Members[n] = model.Member{VolumeClaim: uid, InSync: true}
	}
	for n := range mostLineage {
		want.Lineage = append(want.Lineage, fmt.Sprintf("%040x", n+1))
	}
	want.Offer = &model.Offer{PodUID: uid, RunID: idA, ReplID: idB, Offset: 1 << 62, Reason: string(model.TransferAfterRestart), Seal: model.SealOf("word")}
	l := lease()
	if err := encode(l, want, "test", time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	got, err := Decode(l)
	want.Change = &model.Change{To: uid, Cause: "test", Epoch: want.Epoch, At: time.Unix(1, 0)}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
	if TooLarge(l) {
		t.Error("it is too large to be kept")
	}
	want.Members[mostMembers] = model.Member{VolumeClaim: uid}
	if err := encode(lease(), want, "test", time.Unix(1, 0)); err == nil {
		t.Error("a record is written that nobody would read")
	}
}

// TestLargeLeasesCostNothing: forty Leases of a quarter of a megabyte cost an agent less than 2 MiB, are named, and are written by
// nobody.
func TestLargeLeasesCostNothing(t *testing.T) {
	kept := make([]*coordinationv1.Lease, 40)
	cost := retained(func() {
		for i := range kept {
			l := written(t)
			l.Annotations["theirs"] = strings.Repeat(fmt.Sprint(i%10), 250_000)
			kept[i] = Stub(l)
		}
	})
	if most := int64(2 << 20); cost > most {
		t.Errorf("they cost %d bytes, at most %d are allowed", cost, most)
	}
	for _, l := range kept {
		_, ok := Settings(l)
		if r, err := Decode(l); err == nil || ok || r.HasHolder() || !TooLarge(l) {
			t.Fatalf("a Lease that was not read is believed: %+v, %v", r, err)
		}
		if _, err := Swap(t.Context(), nil, l, next(), "test", time.Unix(1, 0)); err == nil {
			t.Fatal("a Lease that was not read is replaced")
		}
	}
	if l := written(t); Stub(l) != l {
		t.Error("a record as agents write it is not kept")
	}
}

// retained is how many bytes are in use after f that were not before.
func retained(f func()) int64 {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	f()
	runtime.GC()
	runtime.ReadMemStats(&after)
	return int64(after.HeapAlloc) - int64(before.HeapAlloc)
}
