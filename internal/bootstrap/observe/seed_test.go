// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/redisconf"
)

// recordOf is the Lease of a group as webhook and agents write it.
func recordOf(namespace, set, address, uid string, changes ...func(*coordinationv1.Lease)) *coordinationv1.Lease {
	holder := set + "-0"
	l := &coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: namespace, Name: contract.ObjectName(set), UID: types.UID("lease-" + namespace + "-" + set), Labels: map[string]string{contract.LabelGroup: set},
			CreationTimestamp: metav1.NewTime(time.Unix(1_700_000_000, 0)),
			Annotations: map[string]string{
				contract.RecordEpoch: "1024", contract.RecordAddress: address, contract.RecordPodUID: uid,
				contract.RecordSettings: settingsText(nil),
			},
		},
		Spec: coordinationv1.LeaseSpec{HolderIdentity: &holder},
	}
	for _, change := range changes {
		change(l)
	}
	return l
}

func settingsText(change func(*contract.GroupSettings)) string {
	s := contract.GroupSettings{
		Sentinels: contract.SentinelSet{Namespace: "system", Name: "sentinel", Service: "s", Replicas: 3, Port: 26379},
		Quorum:    2, DownAfterMs: 5000, FailoverTimeoutMs: 10000, ParallelSyncs: 1, Port: 6379,
	}
	if change != nil {
		change(&s)
	}
	text, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func settings(change func(*contract.GroupSettings)) func(*coordinationv1.Lease) {
	return func(l *coordinationv1.Lease) { l.Annotations[contract.RecordSettings] = settingsText(change) }
}

func annotation(name, value string) func(*coordinationv1.Lease) {
	return func(l *coordinationv1.Lease) { l.Annotations[name] = value }
}

// podOf is a pod of a group, at an address.
func podOf(namespace, set string, ordinal int, uid string, addresses ...string) *corev1.Pod {
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{
		Namespace: namespace, Name: set + "-" + strconv.Itoa(ordinal), UID: types.UID(uid), Labels: map[string]string{contract.LabelGroup: set},
	}, Status: corev1.PodStatus{Phase: corev1.PodRunning}}
	for _, a := range addresses {
		p.Status.PodIPs = append(p.Status.PodIPs, corev1.PodIP{IP: a})
	}
	return p
}

// seedOf is what a blank Sentinel of a set that serves all namespaces would start with.
func seedOf(t testing.TB, objects ...runtime.Object) Seed {
	t.Helper()
	return seedBy(t, fake.NewClientset(objects...))
}

func seedBy(t testing.TB, client *fake.Clientset) Seed {
	t.Helper()
	set := NewSentinelSet(Set{
		Namespace: "system", PodName: "sentinel-0", PodIP: netip.MustParseAddr("10.1.0.1"),
		Settings: contract.Settings{StatefulSet: "sentinel", Port: 26379, Sentinel: &contract.SentinelSettings{Namespaces: []string{"*"}}},
	}, client, nil, func(ordinal int) string { return fmt.Sprintf("%040x", ordinal) })
	seed, err := set.Seed(context.WithoutCancel(t.Context()), func(_ GroupKey, s contract.GroupSettings, _ model.Record) (model.Watching, bool) {
		return model.Watching{Quorum: 2, DownAfter: time.Second, FailoverTimeout: time.Second, ParallelSyncs: 1}, s.Sentinels.Name == "sentinel"
	})
	if err != nil {
		t.Fatal(err)
	}
	return seed
}

func namesOf(groups []redisconf.Watched) []string {
	var names []string
	for _, g := range groups {
		names = append(names, g.Name)
	}
	slices.Sort(names)
	return names
}

// TestSeedBelievesLivingPodsOnly: a tenant who may write Leases writes one for every way to have a new Sentinel start wrongly, or not
// at all. It starts with the victim's group as it is, and says what it left out.
func TestSeedBelievesLivingPodsOnly(t *testing.T) {
	victim := []runtime.Object{
		recordOf("victim", "redis", "10.0.0.1:6379", "v0"), podOf("victim", "redis", 0, "v0", "10.0.0.1"), podOf("victim", "redis", 1, "v1", "10.0.0.2"),
	}
	mine := podOf("evil", "redis", 0, "e0", "10.6.6.6")
	as := func(name string) func(*coordinationv1.Lease) {
		return settings(func(s *contract.GroupSettings) { s.MasterName = name })
	}
	for name, c := range map[string]struct {
		attack []runtime.Object
		says   string
	}{
		"port 99999":                      {[]runtime.Object{recordOf("evil", "redis", "10.6.6.6:99999", "e0"), mine}, "address"},
		"port 0":                          {[]runtime.Object{recordOf("evil", "redis", "10.6.6.6:0", "e0"), mine}, "address"},
		"another port of my pod":          {[]runtime.Object{recordOf("evil", "redis", "10.6.6.6:22", "e0"), mine}, "no living pod"},
		"the victim's address":            {[]runtime.Object{recordOf("evil", "redis", "10.0.0.1:6379", "e0"), mine}, "no living pod"},
		"the victim's address and uid":    {[]runtime.Object{recordOf("evil", "redis", "10.0.0.1:6379", "v0"), mine}, "no living pod"},
		"any address of the cluster":      {[]runtime.Object{recordOf("evil", "redis", "10.96.0.1:443", "e0"), mine}, "no living pod"},
		"the uid of a pod that is gone":   {[]runtime.Object{recordOf("evil", "redis", "10.6.6.6:6379", "gone"), mine}, "no living pod"},
		"no pod at all":                   {[]runtime.Object{recordOf("evil", "redis", "10.6.6.6:6379", "e0")}, "no living pod"},
		"another family":                  {[]runtime.Object{recordOf("evil", "redis", "[fd00::6]:6379", "e0"), podOf("evil", "redis", 0, "e0", "fd00::6")}, "no living pod"},
		"a name with a line in it":        {[]runtime.Object{recordOf("evil", "redis", "10.6.6.6:6379", "e0", as("x\nsentinel myid y"), annotation(contract.RecordEpoch, "")), mine}, ""},
		"an epoch of the end of time":     {[]runtime.Object{recordOf("evil", "redis", "10.6.6.6:6379", "e0", annotation(contract.RecordEpoch, "18446744073709551615")), mine}, "belief"},
		"an epoch beyond that":            {[]runtime.Object{recordOf("evil", "redis", "10.6.6.6:6379", "e0", annotation(contract.RecordEpoch, "18446744073709551616")), mine}, "epoch"},
		"a quarter of a megabyte":         {[]runtime.Object{recordOf("evil", "redis", "10.6.6.6:6379", "e0", annotation("x", strings.Repeat("x", 250_000))), mine}, "bytes"},
		"settings of a quarter of that":   {[]runtime.Object{recordOf("evil", "redis", "10.6.6.6:6379", "e0", annotation(contract.RecordSettings, strings.Repeat(" ", 8_000)+"{}")), mine}, "bytes"},
		"a pod that is no pod of the set": {[]runtime.Object{recordOf("evil", "redis", "10.6.6.6:6379", "e0"), podOf("evil", "other", 0, "e0", "10.6.6.6")}, "no living pod"},
		"a pod that has ended": {[]runtime.Object{recordOf("evil", "redis", "10.6.6.6:6379", "e0"), func() *corev1.Pod {
			p := podOf("evil", "redis", 0, "e0", "10.6.6.6")
			p.Status.Phase = corev1.PodFailed
			return p
		}()}, "no living pod"},
	} {
		seed := seedOf(t, append(slices.Clone(victim), c.attack...)...)
		if names := namesOf(seed.Groups); !slices.Equal(names, []string{"victim.redis"}) {
			t.Errorf("%s: the Sentinel starts with %q, want the victim's group alone", name, names)
			continue
		}
		if g := seed.Groups[0]; g.Host != "10.0.0.1" || !slices.Equal(g.Replicas, []redisconf.Endpoint{{Host: "10.0.0.2", Port: 6379}}) {
			t.Errorf("%s: the victim's group became %+v", name, g)
		}
		if said := fmt.Sprint(seed.LeftOut); c.says != "" && (len(seed.LeftOut) != 1 || !strings.Contains(said, "evil/redis-sentinel-redis") || !strings.Contains(said, c.says)) {
			t.Errorf("%s: it says %s, want the Lease, and %q", name, said, c.says)
		}
	}
}

// TestSeedWithoutRightsInANamespace: a Lease in a namespace where the set may list no pods costs nobody else anything; an API that
// does not answer is waited for.
func TestSeedWithoutRightsInANamespace(t *testing.T) {
	client := fake.NewClientset(
		recordOf("victim", "redis", "10.0.0.1:6379", "v0"), podOf("victim", "redis", 0, "v0", "10.0.0.1"), recordOf("evil", "redis", "10.6.6.6:6379", "e0"),
	)
	answer := error(apierrors.NewForbidden(schema.GroupResource{Resource: "pods"}, "", errors.New("no")))
	client.PrependReactor("list", "pods", func(action clienttesting.Action) (bool, runtime.Object, error) {
		return action.GetNamespace() == "evil", nil, answer
	})
	if seed := seedBy(t, client); len(seed.Groups) != 1 || len(seed.LeftOut) != 1 {
		t.Errorf("%d groups, left out %v", len(seed.Groups), seed.LeftOut)
	}
	answer = errors.New("the API is away")
	set := NewSentinelSet(Set{Namespace: "system", Settings: contract.Settings{StatefulSet: "sentinel", Sentinel: &contract.SentinelSettings{Namespaces: []string{"*"}}}}, client, nil, func(int) string { return "" })
	if _, err := set.Seed(t.Context(), func(GroupKey, contract.GroupSettings, model.Record) (model.Watching, bool) {
		return model.Watching{}, true
	}); err == nil {
		t.Error("a Sentinel starts without a group whose pods it could not read")
	}
}

// anything is a word of an attacker, or an honest one.
func anything(r *rand.Rand, honest string) string {
	words := []string{
		"", "99999", "-1", "0", "a b", "x\ny", "10.0.0.1:6379", "10.0.0.2:6379", "[fd00::1]:6379", "10.0.0.3:0", "10.0.0.3:99999", "18446744073709551615", "u0", "u1",
		`{"port":99999}`, `{"quorum":-1}`, "{", strings.Repeat("x", 5000), strings.Repeat("x", 20_000),
	}
	if r.IntN(8) > 0 {
		return honest
	}
	return words[r.IntN(len(words))]
}

// World makes Leases and pods of some namespaces, most of them wrong in some way.
func worldOf(r *rand.Rand, groups int) []runtime.Object {
	var all []runtime.Object
	host := func() string { return fmt.Sprintf("10.0.%d.%d", r.IntN(2), 1+r.IntN(2*groups)) }
	for n := range groups {
		set, ns := fmt.Sprintf("redis-%d", n%5), fmt.Sprintf("ns-%d", n/5)
		at, uid := host(), fmt.Sprintf("u%d", r.IntN(groups))
		l := recordOf(ns, set, at+":6379", uid, settings(func(s *contract.GroupSettings) {
			if r.IntN(3) == 0 {
				s.MasterName = []string{"ns-0.redis-0", "a b", "x\ny", "same", strings.Repeat("n", 300)}[r.IntN(5)]
			}
			if r.IntN(4) == 0 {
				s.Port, s.Quorum, s.DownAfterMs = r.IntN(200_000)-50_000, r.IntN(10)-5, int64(r.IntN(10_000)-5000)
			}
		}))
		for _, name := range []string{contract.RecordEpoch, contract.RecordAddress, contract.RecordPodUID, contract.RecordSettings} {
			l.Annotations[name] = anything(r, l.Annotations[name])
		}
		l.CreationTimestamp = metav1.NewTime(time.Unix(int64(r.IntN(3)), 0))
		all = append(all, l)
		for ordinal := range r.IntN(4) {
			where := host()
			if ordinal == 0 && r.IntN(4) > 0 {
				where = at
			}
			all = append(all, podOf(ns, set, ordinal, uid, []string{where, "fd00::1", "x", where}[r.IntN(4)]))
		}
	}
	return all
}

// TestWhateverRecordsSayTheFileIsWhole: no name and no address stands twice, every master is a living pod of its group, and nothing is
// out of bounds. That a real Sentinel starts from such files is shown by test/process.
func TestWhateverRecordsSayTheFileIsWhole(t *testing.T) {
	worlds := 300
	if testing.Short() {
		worlds = 60
	}
	served := 0
	for n := range worlds {
		objects := worldOf(rand.New(rand.NewPCG(uint64(n), 8)), 1+n%30)
		conf, _ := redisconf.Sentinel{Port: 26379, MyID: strings.Repeat("f", 40), Groups: seedOf(t, objects...).Groups}.Fit()
		names, addresses := map[string]bool{}, map[redisconf.Endpoint]bool{}
		served += len(conf.Groups)
		for _, g := range conf.Groups {
			for _, e := range append(slices.Clone(g.Replicas), redisconf.Endpoint{Host: g.Host, Port: g.Port}) {
				alive := slices.ContainsFunc(objects, func(o runtime.Object) bool {
					p, ok := o.(*corev1.Pod)
					return ok && p.Status.PodIPs[0].IP == e.Host
				})
				if addresses[e] || !alive || e.Port < 1 || e.Port > 65535 {
					t.Errorf("world %d: %s has %v, taken %v, of a pod %v", n, g.Name, e, addresses[e], alive)
				}
				addresses[e] = true
			}
			if names[g.Name] || strings.ContainsAny(g.Name, " \n") {
				t.Errorf("world %d: name %q", n, g.Name)
			}
			names[g.Name] = true
		}
	}
	if served < worlds {
		t.Errorf("only %d groups were served in %d worlds: this test shows nothing", served, worlds)
	}
}

// TestSeedGivesNobodyAnothersName: a record that asks for the victim's name starts under its own.
func TestSeedGivesNobodyAnothersName(t *testing.T) {
	for _, made := range []int64{1_600_000_000, 1_800_000_000} {
		seed := seedOf(t,
			recordOf("victim", "redis", "10.0.0.1:6379", "v0"), podOf("victim", "redis", 0, "v0", "10.0.0.1"),
			recordOf("evil", "redis", "10.6.6.6:6379", "e0", settings(func(s *contract.GroupSettings) { s.MasterName = "victim.redis" }), func(l *coordinationv1.Lease) {
				l.CreationTimestamp = metav1.NewTime(time.Unix(made, 0))
			}), podOf("evil", "redis", 0, "e0", "10.6.6.6"))
		for _, g := range seed.Groups {
			if (g.Name == "victim.redis") != (g.Host == "10.0.0.1") {
				t.Errorf("%s is at %s", g.Name, g.Host)
			}
		}
		if len(seed.Groups) != 2 {
			t.Errorf("%d groups", len(seed.Groups))
		}
	}
}
