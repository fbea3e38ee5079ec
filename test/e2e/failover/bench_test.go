// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/failover/measure"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/failover/report"
)

// TestArmsTakeTurns: a run that was interrupted goes on where it was, round by round, every arm in each.
func TestArmsTakeTurns(t *testing.T) {
	picked, unknown := chosen("kill,delete,sideways")
	if !slices.Equal(unknown, []string{"sideways"}) {
		t.Errorf("unknown are %v", unknown)
	}
	have := []measure.Round{
		{Fault: "delete", Arm: measure.Ours, Image: "redis:7.0", Number: 1},
		{Fault: "delete", Arm: measure.Plain, Image: "redis:7.0", Number: 1, Failed: "it counts"},
		{Fault: "delete", Arm: measure.Ours, Image: "another", Number: 2},
	}
	opts := options{rounds: 2, image: "redis:7.0"}
	var got []string
	for _, job := range remaining(picked, armNames(opts), opts, have) {
		got = append(got, job.fault.name+" "+job.arm+" "+string(rune('0'+job.number)))
	}
	want := []string{"delete ours 2", "delete plain 2", "kill ours 1", "kill plain 1", "kill ours 2", "kill plain 2"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if arms := armNames(options{image: "valkey:9.1"}); len(arms) != 3 {
		t.Errorf("Valkey is compared by %v only", arms)
	}
}

// TestSlowFaultsMeetAllArmsAtOnce: and no other fault does, whose gaps are so short that one arm would show in those of another.
func TestSlowFaultsMeetAllArmsAtOnce(t *testing.T) {
	picked, _ := chosen("delete,frozen")
	opts := options{rounds: 2, image: "valkey:9.1"}
	todo := remaining(picked, armNames(opts), opts, []measure.Round{{Fault: "frozen", Arm: measure.Plain, Image: "valkey:9.1", Number: 1}})
	var got []string
	for len(todo) > 0 {
		next := together(todo)
		text := next[0].fault.name
		for _, job := range next {
			text += " " + job.arm
		}
		got = append(got, text)
		todo = todo[len(next):]
	}
	want := []string{
		"delete ours", "delete plain", "delete coordinated", "delete ours", "delete plain", "delete coordinated",
		"frozen ours coordinated", "frozen ours plain coordinated",
	}
	if !slices.Equal(got, want) {
		t.Errorf("done together are %q, want %q", got, want)
	}
}

// TestEveryFaultIsTold: the report knows each fault that is measured, and no other.
func TestEveryFaultIsTold(t *testing.T) {
	told := make([]string, len(report.Faults))
	for i, fault := range report.Faults {
		told[i] = fault.Name
	}
	measured := strings.Split(names(), ",")
	slices.Sort(told)
	slices.Sort(measured)
	if !slices.Equal(told, measured) {
		t.Errorf("told are %v, measured %v", told, measured)
	}
	if report.DownAfter != downAfter || report.FailoverTimeout != failoverTimeout {
		t.Error("the report speaks of other settings than the defaults")
	}
}

// TestManifestsAreObjects: every manifest is YAML in each of its forms, and has what makes the form.
func TestManifestsAreObjects(t *testing.T) {
	for _, volumes := range []bool{false, true} {
		for name, extra := range map[string]setting{
			"ours.yaml":  {OwnSentinels: true},
			"plain.yaml": {Coordinated: true},
		} {
			extra.Namespace, extra.Image, extra.Master, extra.Volumes = "in", "redis:7.0", plainMaster, volumes
			extra.DownAfter, extra.FailoverTimeout = downAfter, failoverTimeout
			text, err := render(name, extra)
			if err != nil {
				t.Fatal(err)
			}
			found := false
			for document := range strings.SplitSeq(text, "\n---\n") {
				var set appsv1.StatefulSet
				if err := yaml.UnmarshalStrict([]byte(document), &set); err != nil && strings.Contains(document, "kind: StatefulSet") {
					t.Errorf("%s: %v\n%s", name, err, document)
				}
				if set.Kind == "StatefulSet" && set.Name == redisSet {
					found = true
					if has := len(set.Spec.VolumeClaimTemplates) > 0; has != volumes {
						t.Errorf("%s with volumes %v has claims: %v", name, volumes, has)
					}
				}
			}
			if !found {
				t.Errorf("%s has no StatefulSet %s", name, redisSet)
			}
		}
	}
}

func TestPlainSetIsWhole(t *testing.T) {
	pod := func(name string) corev1.Pod {
		ready := []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
		return corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name}, Status: corev1.PodStatus{Conditions: ready}}
	}
	pods := []corev1.Pod{pod("redis-0"), pod("redis-1"), pod("redis-2")}
	watchers := []corev1.Pod{pod("sentinel-0"), pod("sentinel-1"), pod("sentinel-2")}
	servers := []server{{role: "replica", follows: "redis-1", link: "up"}, {role: "master"}, {role: "replica", follows: "redis-1", link: "up"}}
	sentinels := slices.Repeat([]sentinel{{master: "redis-1", flags: "master", replicas: []string{"slave", "slave"}, others: "2"}}, 3)
	if missing := plainMissing("redis-1", pods, watchers, servers, sentinels); missing != "" {
		t.Errorf("missing: %s", missing)
	}
	for name, broken := range map[string]func(s []server, w []sentinel, p []corev1.Pod){
		"a link is down":                     func(s []server, _ []sentinel, _ []corev1.Pod) { s[0].link = "down" },
		"a replica follows another":          func(s []server, _ []sentinel, _ []corev1.Pod) { s[2].follows = "redis-0" },
		"a Sentinel is silent":               func(_ []server, w []sentinel, _ []corev1.Pod) { w[1] = sentinel{} },
		"a Sentinel takes a replica as dead": func(_ []server, w []sentinel, _ []corev1.Pod) { w[1].replicas = []string{"slave", "s_down,slave"} },
		"a pod is not Ready":                 func(_ []server, _ []sentinel, p []corev1.Pod) { p[0].Status.Conditions = nil },
	} {
		s, w, p := slices.Clone(servers), slices.Clone(sentinels), slices.Clone(pods)
		broken(s, w, p)
		if plainMissing("redis-1", p, watchers, s, w) == "" {
			t.Errorf("%s, and nothing is missing", name)
		}
	}
}

// TestWritersDifferByRetries: each path has one writer with the library's defaults and one without retries.
func TestWritersDifferByRetries(t *testing.T) {
	specs := (&ours{with: setting{Namespace: "in"}}).specs()
	var got []string
	for _, spec := range specs {
		got = append(got, spec.Path+" "+spec.Client)
	}
	want := []string{"sentinel application", "sentinel wire", "service application", "service wire"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
