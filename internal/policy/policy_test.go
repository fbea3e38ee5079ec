// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

const example = `
apiVersion: redis-sentinel.dev/v1alpha1
kind: Policy
defaults:
  downAfter: 4s
  agent: {image: "agent:1"}
rules:
- name: production
  namespaceSelector: {matchLabels: {stage: production}}
  settings:
    quorum: 2
    sentinels: sentinels/prod
    agent: {imagePullSecrets: [pull]}
  allowOverrides: [down-after]
- name: team
  podSelector: {matchExpressions: [{key: team, operator: Exists}]}
  settings: {masterName: short}
sentinelSets:
- {namespace: sentinels, name: all, service: all-headless, namespaces: ["*"]}
- {namespace: sentinels, name: prod, replicas: 5, port: 5000, namespaces: [shop, bank]}
- {namespace: own, name: mine}
`

func parse(t *testing.T, text string) *Policy {
	t.Helper()
	p, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestTheFirstMatchingRuleIsLaidOverTheDefaults(t *testing.T) {
	p := parse(t, example)
	got, err := p.Resolve(Object{Namespace: "shop", NamespaceLabels: map[string]string{"stage": "production"}, PodLabels: map[string]string{"team": "x"}})
	if err != nil {
		t.Fatal(err)
	}
	want := Resolved{
		Rule:              "production",
		Sentinels:         contract.SentinelSet{Namespace: "sentinels", Name: "prod", Service: "prod-headless", Replicas: 5, Port: 5000},
		SentinelsListed:   true,
		Quorum:            2,
		DownAfterMs:       4000,
		FailoverTimeoutMs: 10000, RecoveryTimeoutMs: 60000, ParallelSyncs: 1, MinReplicasToWrite: -1,
		RotationGraceMs: 86400000, KeyGeneration: 1,
		Agent:     Agent{Image: "agent:1", ImagePullPolicy: "IfNotPresent", ImagePullSecrets: []string{"pull"}, Resources: defaultResources()},
		LocalSets: map[string]Set{},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestAnnotationsComeLast(t *testing.T) {
	p := parse(t, example)
	got, err := p.Resolve(Object{Namespace: "anywhere", PodAnnotations: map[string]string{
		contract.AnnotationQuorum: "3", contract.AnnotationDownAfter: "2s", contract.AnnotationFailoverTimeout: "1m",
		contract.AnnotationParallelSyncs: "2", contract.AnnotationMinReplicas: "0", contract.AnnotationMinReplicasMaxLag: "7s",
	}})
	if err != nil {
		t.Fatal(err)
	}
	if got.Quorum != 3 || got.DownAfterMs != 2000 || got.FailoverTimeoutMs != 60000 || got.ParallelSyncs != 2 ||
		got.MinReplicasToWrite != 0 || got.MinReplicasMaxLag != 7 || got.MasterName != "" || got.Sentinels.Name != "all" {
		t.Errorf("got %+v", got)
	}
}

// TestAnnotationsAreBounded, each of them at once with the others.
func TestAnnotationsAreBounded(t *testing.T) {
	_, err := parse(t, example).Resolve(Object{Namespace: "anywhere", PodAnnotations: map[string]string{
		contract.AnnotationQuorum: "0", contract.AnnotationDownAfter: "1s", contract.AnnotationFailoverTimeout: "1ms",
		contract.AnnotationParallelSyncs: "1001", contract.AnnotationMinReplicas: "-1", contract.AnnotationMinReplicasMaxLag: "100h",
	}})
	for _, want := range []string{
		contract.AnnotationQuorum + `: "0" is invalid`, contract.AnnotationDownAfter + ": 1000 ms is too short", contract.AnnotationFailoverTimeout + `: "1ms" is invalid`,
		contract.AnnotationParallelSyncs + `: "1001" is invalid`, contract.AnnotationMinReplicas + `: "-1" is invalid`, contract.AnnotationMinReplicasMaxLag + ": must be at most 24h0m0s",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in %v", want, err)
		}
	}
}

// TestImagesOfThePolicy are of a known kind under a name of their own, and nothing else.
func TestImagesOfThePolicy(t *testing.T) {
	const head = "apiVersion: redis-sentinel.dev/v1alpha1\nkind: Policy\ndefaults: {agent: {image: i}}\n"
	p, err := Parse([]byte(head + "images: [{names: [team/cache, kv], like: bitnami-redis}]\n"))
	if err != nil {
		t.Fatal(err)
	}
	r, _ := p.Resolve(Object{Namespace: "anywhere"}) // no Sentinels, and the images all the same
	for name, want := range map[string]string{"registry.example:5000/team/cache:7.2": "bitnami-redis", "kv": "bitnami-redis", "other/cache:1": "", "redis:7": "redis"} {
		if f, _, known := r.Images.Find(name); known != (want != "") || f.Name != want {
			t.Errorf("%s is %q, want %q", name, f.Name, want)
		}
	}
	for wrong, says := range map[string]string{
		"{names: [], like: redis}": "images[0].names", "{names: ['a:7'], like: redis}": "without a tag", "{names: [a], like: keydb}": "images[0].like", "{names: [/a], like: redis}": "images[0].names[0]",
	} {
		if _, err := Parse([]byte(head + "images: [" + wrong + "]\n")); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", wrong, err, says)
		}
	}
}

func TestASetOfTheOwnNamespaceIsPreferred(t *testing.T) {
	got, err := parse(t, example).Resolve(Object{Namespace: "own"})
	if err != nil || got.Sentinels.Name != "mine" || got.Sentinels.Service != "mine-headless" || len(got.LocalSets) != 1 {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestAnAnnotationNamesASetOfTheOwnNamespace(t *testing.T) {
	got, err := parse(t, example).Resolve(Object{Namespace: "elsewhere", PodAnnotations: map[string]string{contract.AnnotationSentinels: "watch"}})
	want := contract.SentinelSet{Namespace: "elsewhere", Name: "watch", Service: "watch-headless", Replicas: 3, Port: 26379}
	if err != nil || got.Sentinels != want || got.SentinelsListed {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestMasterNames(t *testing.T) {
	r := Resolved{}
	for _, c := range []struct {
		r    Resolved
		want string
	}{{r, ""}, {Resolved{ShortMasterName: true}, "redis"}, {Resolved{MasterName: "a.b"}, "a.b"}, {Resolved{MasterName: "ns.redis"}, ""}} {
		if got := c.r.MasterNameFor("ns", "redis"); got != c.want {
			t.Errorf("%+v: got %q, want %q", c.r, got, c.want)
		}
	}
}

func TestResolveRefuses(t *testing.T) {
	production := map[string]string{"stage": "production"}
	for name, c := range map[string]struct {
		object Object
		want   []string
	}{
		"a namespace that the rule's set does not serve":      {Object{Namespace: "x", NamespaceLabels: production}, []string{"sentinels/prod", "namespace x", "namespaces"}},
		"an annotation that the rule does not allow":          {Object{Namespace: "shop", NamespaceLabels: production, PodAnnotations: map[string]string{contract.AnnotationQuorum: "1"}}, []string{"quorum", "production", "allowOverrides"}},
		"a quorum that is not a number":                       {Object{Namespace: "a", PodAnnotations: map[string]string{contract.AnnotationQuorum: "many"}}, []string{"quorum", "many", "number"}},
		"a quorum above the set":                              {Object{Namespace: "a", PodAnnotations: map[string]string{contract.AnnotationQuorum: "9"}}, []string{"quorum", "9", "3 Sentinels"}},
		"a down-after below two seconds":                      {Object{Namespace: "a", PodAnnotations: map[string]string{contract.AnnotationDownAfter: "1500ms"}}, []string{"down-after", "2s"}},
		"a down-after without a unit":                         {Object{Namespace: "a", PodAnnotations: map[string]string{contract.AnnotationDownAfter: "5000"}}, []string{"down-after", "unit"}},
		"a lag that is not whole seconds":                     {Object{Namespace: "a", PodAnnotations: map[string]string{contract.AnnotationMinReplicasMaxLag: "1500ms"}}, []string{"min-replicas-max-lag", "whole seconds"}},
		"a set of another namespace by annotation":            {Object{Namespace: "a", PodAnnotations: map[string]string{contract.AnnotationSentinels: "sentinels/all"}}, []string{"sentinels", "own namespace", "policy"}},
		"short names where a set serves several namespaces":   {Object{Namespace: "a", PodLabels: map[string]string{"team": "x"}}, []string{"short", "namespaced"}},
		"a master name where a set serves several namespaces": {Object{Namespace: "a", PodAnnotations: map[string]string{contract.AnnotationMasterName: "a.redis"}}, []string{"master-name", "<namespace>.<statefulset>", "remove"}},
		"a master name with a blank":                          {Object{Namespace: "a", PodAnnotations: map[string]string{contract.AnnotationMasterName: "a.x y"}}, []string{"master-name", "letters"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parse(t, example).Resolve(c.object)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
		})
	}
}

func TestShortNamesWhereASetServesOneNamespace(t *testing.T) {
	got, err := parse(t, example).Resolve(Object{Namespace: "own", PodLabels: map[string]string{"team": "x"}})
	if err != nil || !got.ShortMasterName {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestNameOfAGroupWhereASetServesOneNamespace(t *testing.T) {
	got, err := parse(t, example).Resolve(Object{Namespace: "own", PodAnnotations: map[string]string{contract.AnnotationMasterName: "mymaster"}})
	if err != nil || got.MasterName != "mymaster" {
		t.Errorf("got %q, %v", got.MasterName, err)
	}
}

func TestNoSetServesTheNamespace(t *testing.T) {
	p := parse(t, "apiVersion: redis-sentinel.dev/v1alpha1\nkind: Policy\ndefaults: {agent: {image: i}}\n")
	got, err := p.Resolve(Object{Namespace: "a"})
	if err == nil || !strings.Contains(err.Error(), "sentinelSets") || got.Agent.Image != "i" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestParseRefuses(t *testing.T) {
	head := "apiVersion: redis-sentinel.dev/v1alpha1\nkind: Policy\n"
	good := head + "defaults: {agent: {image: i}}\n"
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"an unknown field":              {good + "colour: red\n", []string{"colour"}},
		"an unknown field in settings":  {head + "defaults: {quorom: 1, agent: {image: i}}\n", []string{"quorom"}},
		"a field that stands twice":     {good + "rules: []\nrules: []\n", []string{"rules"}},
		"another kind":                  {"apiVersion: v1\nkind: Policy\ndefaults: {agent: {image: i}}\n", []string{"apiVersion"}},
		"no image":                      {head, []string{"defaults.agent.image"}},
		"a duration without unit":       {head + "defaults: {downAfter: 5000, agent: {image: i}}\n", []string{"unit"}},
		"a short down-after":            {head + "defaults: {downAfter: 1s, agent: {image: i}}\n", []string{"defaults.downAfter", "2s"}},
		"an unknown set":                {head + "defaults: {sentinels: a/b, agent: {image: i}}\n", []string{"defaults.sentinels", "sentinelSets"}},
		"an unknown form of names":      {head + "defaults: {masterName: long, agent: {image: i}}\n", []string{"defaults.masterName", "short"}},
		"an unknown override":           {head + "defaults: {allowOverrides: [image], agent: {image: i}}\n", []string{"allowOverrides", "image", "quorum"}},
		"an unknown pull policy":        {head + "defaults: {agent: {image: i, imagePullPolicy: Sometimes}}\n", []string{"imagePullPolicy", "Always"}},
		"a request above its limit":     {head + "defaults: {agent: {image: i, resources: {requests: {cpu: 2}, limits: {cpu: 1}}}}\n", []string{"resources", "cpu"}},
		"a rule without name":           {good + "rules: [{settings: {quorum: 1}}]\n", []string{"rules[0].name"}},
		"two rules of one name":         {good + "rules: [{name: a}, {name: a}]\n", []string{"rules[1].name"}},
		"a bad selector":                {good + "rules: [{name: a, podSelector: {matchExpressions: [{key: x, operator: Like}]}}]\n", []string{"rules[0].podSelector"}},
		"a set that is listed twice":    {good + "sentinelSets: [{namespace: a, name: b}, {namespace: a, name: b}]\n", []string{"sentinelSets[1]", "Duplicate"}},
		"a set without name":            {good + "sentinelSets: [{namespace: a}]\n", []string{"sentinelSets[0]"}},
		"a set with a bad port":         {good + "sentinelSets: [{namespace: a, name: b, port: 70000}]\n", []string{"sentinelSets[0].port"}},
		"a set with a pattern":          {good + "sentinelSets: [{namespace: a, name: b, namespaces: [team-*]}]\n", []string{"sentinelSets[0].namespaces"}},
		"a timeout below a second":      {head + "defaults: {failoverTimeout: 10ms, agent: {image: i}}\n", []string{"defaults.failoverTimeout"}},
		"no parallel sync":              {head + "defaults: {parallelSyncs: 0, agent: {image: i}}\n", []string{"defaults.parallelSyncs"}},
		"an unknown kind of auth":       {head + "defaults: {auth: please, agent: {image: i}}\n", []string{"defaults.auth", "required"}},
		"a generation of keys before 1": {head + "defaults: {keyGeneration: 0, agent: {image: i}}\n", []string{"defaults.keyGeneration", "from 1"}},
		"a grace before now":            {head + "defaults: {rotationGrace: -1s, agent: {image: i}}\n", []string{"rotationGrace"}},
		"a negative number of replicas": {head + "defaults: {minReplicasToWrite: -1, agent: {image: i}}\n", []string{"defaults.minReplicasToWrite"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse([]byte(c.text))
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
		})
	}
}
