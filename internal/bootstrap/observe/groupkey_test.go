// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

func setServing(namespaces ...string) *SentinelSet {
	return NewSentinelSet(Set{
		Namespace: "sentinels", Settings: contract.Settings{Sentinel: &contract.SentinelSettings{Namespaces: namespaces}},
	}, nil, nil, nil)
}

func leaseOf(t *testing.T, namespace, name, group, asks string, made time.Time) *coordinationv1.Lease {
	t.Helper()
	settings, err := contract.EncodeGroupSettings(contract.GroupSettings{MasterName: asks})
	if err != nil {
		t.Fatal(err)
	}
	return &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{
		Namespace: namespace, Name: name, UID: types.UID(namespace + "/" + name), CreationTimestamp: metav1.NewTime(made),
		Labels: map[string]string{contract.LabelGroup: group}, Annotations: map[string]string{contract.RecordSettings: settings},
	}}
}

// TestNoRecordTakesAnothersName: where a set serves several namespaces a name is computed, whatever the record asks for.
func TestNoRecordTakesAnothersName(t *testing.T) {
	for name, c := range map[string]struct {
		serves []string
		lease  *coordinationv1.Lease
		want   string // empty: it is no record
	}{
		"asks for a foreign name":       {[]string{"*"}, leaseOf(t, "evil", "redis-sentinel-redis", "redis", "bank.redis", time.Time{}), "evil.redis"},
		"of two namespaces":             {[]string{"evil", "bank"}, leaseOf(t, "evil", "redis-sentinel-redis", "redis", "bank.redis", time.Time{}), "evil.redis"},
		"asks for nothing":              {[]string{"*"}, leaseOf(t, "bank", "redis-sentinel-redis", "redis", "", time.Time{}), "bank.redis"},
		"alone in its set":              {[]string{"bank"}, leaseOf(t, "bank", "redis-sentinel-redis", "redis", "mymaster", time.Time{}), "mymaster"},
		"alone, and asks for nonsense":  {[]string{"bank"}, leaseOf(t, "bank", "redis-sentinel-redis", "redis", "my\nmaster", time.Time{}), "bank.redis"},
		"the set serves another one":    {[]string{"bank"}, leaseOf(t, "evil", "redis-sentinel-redis", "redis", "mymaster", time.Time{}), "evil.redis"},
		"label and name do not agree":   {[]string{"*"}, leaseOf(t, "bank", "redis-sentinel-redis", "other", "", time.Time{}), ""},
		"a second one for the group":    {[]string{"*"}, leaseOf(t, "bank", "redis", "redis-sentinel-redis", "", time.Time{}), ""},
		"the prefix without a group":    {[]string{"*"}, leaseOf(t, "bank", "redis-sentinel-", "", "", time.Time{}), ""},
		"a dot in the StatefulSet":      {[]string{"*"}, leaseOf(t, "a", "redis-sentinel-b.c", "b.c", "", time.Time{}), "a.b.c"},
		"a Lease of somebody else's":    {[]string{"*"}, leaseOf(t, "bank", "leader", "redis", "", time.Time{}), ""},
		"only its own, which is served": {nil, leaseOf(t, "sentinels", "redis-sentinel-redis", "redis", "mymaster", time.Time{}), "mymaster"},
	} {
		t.Run(name, func(t *testing.T) {
			key, ok := setServing(c.serves...).KeyOf(c.lease)
			if ok != (c.want != "") || key.MasterName != c.want {
				t.Errorf("%q, %v, want %q", key.MasterName, ok, c.want)
			}
		})
	}
}

// TestOneOfTwoRecordsHasTheName: exactly one of two groups that ask for one name gets it, whoever asks first.
func TestOneOfTwoRecordsHasTheName(t *testing.T) {
	old, young := time.Unix(100, 0), time.Unix(200, 0)
	key := func(l *coordinationv1.Lease) GroupKey {
		k, _ := setServing("bank").KeyOf(l)
		return k
	}
	for name, c := range map[string][2]*coordinationv1.Lease{ // the first has it
		"its own name":  {leaseOf(t, "bank", "redis-sentinel-redis", "redis", "", young), leaseOf(t, "bank", "redis-sentinel-z", "z", "bank.redis", old)},
		"the older":     {leaseOf(t, "bank", "redis-sentinel-b", "b", "m", old), leaseOf(t, "bank", "redis-sentinel-a", "a", "m", young)},
		"in one second": {leaseOf(t, "bank", "redis-sentinel-a", "a", "m", old), leaseOf(t, "bank", "redis-sentinel-b", "b", "m", old)},
	} {
		t.Run(name, func(t *testing.T) {
			if key(c[0]).MasterName != key(c[1]).MasterName {
				t.Fatal("they do not ask for one name")
			}
			if !outranks(key(c[0]), c[0], key(c[1]), c[1]) || outranks(key(c[1]), c[1], key(c[0]), c[0]) {
				t.Error("not the first alone has it")
			}
		})
	}
}
