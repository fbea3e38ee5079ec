// SPDX-License-Identifier: Apache-2.0

package fault

import (
	"slices"
	"strings"
	"testing"
)

const listOfPods = `{"items":[
	{"metadata":{"namespace":"a","name":"redis-0","uid":"u0"},"spec":{},"status":{"podIP":"10.244.0.2",
		"initContainerStatuses":[{"name":"agent","containerID":"containerd://11"}],
		"containerStatuses":[{"name":"redis","containerID":"containerd://22"},{"name":"new"}]}},
	{"metadata":{"namespace":"a","name":"redis-1","uid":"u1"},"spec":{},"status":{"podIP":"10.244.0.3"}},
	{"metadata":{"namespace":"b","name":"client","uid":"u2"},"spec":{},"status":{"podIP":"10.244.0.4"}},
	{"metadata":{"namespace":"a","name":"on-node","uid":"u3"},"spec":{"hostNetwork":true},"status":{"podIP":"10.243.0.1"}}]}`

func somePods(t *testing.T) map[string]Pod {
	t.Helper()
	all, err := parsePods([]byte(listOfPods))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestContainersOfAllKindsAreKnown(t *testing.T) {
	got := somePods(t)["a/redis-0"].Containers
	if len(got) != 3 || got["agent"] != "11" || got["redis"] != "22" || got["new"] != "" {
		t.Errorf("got %v", got)
	}
}

func TestCuts(t *testing.T) {
	all := somePods(t)
	for name, test := range map[string]struct {
		pod  string
		from []string
		want []string // From of each cut
		bad  bool
	}{
		"from nobody in particular":  {"redis-0", nil, []string{FromCluster}, false},
		"from the API server":        {"redis-0", []string{FromAPI}, []string{FromAPI}, false},
		"from a peer and the DNS":    {"redis-0", []string{"redis-1", FromDNS}, []string{"a/redis-1", FromDNS}, false},
		"twice from the same peer":   {"redis-0", []string{"redis-1", "a/redis-1"}, []string{"a/redis-1"}, false},
		"from a foreign pod":         {"redis-0", []string{"b/client"}, []string{"b/client"}, false},
		"from a pod that is not":     {"redis-0", []string{"redis-7"}, nil, true},
		"from a pod without address": {"redis-0", []string{"on-node"}, nil, true},
		"a pod without address":      {"on-node", nil, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			pod, err := find(all, "a", test.pod)
			if err != nil {
				t.Fatal(err)
			}
			made, err := cuts(nil).of(all, pod, test.from)
			if (err != nil) != test.bad {
				t.Fatalf("error %v, want one: %v", err, test.bad)
			}
			var from []string
			for _, cut := range made {
				from = append(from, cut.From)
			}
			if !slices.Equal(from, test.want) {
				t.Errorf("got %v, want %v", from, test.want)
			}
		})
	}
}

func TestHealing(t *testing.T) {
	all := somePods(t)
	both, err := cuts(nil).of(all, all["a/redis-0"], []string{FromAPI, "redis-1"})
	if err != nil {
		t.Fatal(err)
	}
	if left := both.without("a/redis-0", FromAPI); len(left) != 1 || left[0].From != "a/redis-1" {
		t.Errorf("without the API server %v is left", left)
	}
	if left := both.without("a/redis-0"); len(left) != 0 {
		t.Errorf("without any %v is left", left)
	}
	if left := both.without("a/redis-1"); len(left) != 2 {
		t.Errorf("healing another pod leaves %v", left)
	}
}

func TestCutsEndWithTheirPods(t *testing.T) {
	all := somePods(t)
	made, err := cuts(nil).of(all, all["a/redis-0"], []string{FromAPI, "redis-1"})
	if err != nil {
		t.Fatal(err)
	}
	if left := made.alive(all); len(left) != 2 {
		t.Errorf("nothing changed, and %v is left", left)
	}
	again := somePods(t)
	again["a/redis-1"] = Pod{Namespace: "a", Name: "redis-1", UID: "u9", IP: "10.244.0.9"}
	if left := made.alive(again); len(left) != 1 || left[0].From != FromAPI {
		t.Errorf("the peer was replaced, and %v is left", left)
	}
	delete(again, "a/redis-0")
	if left := made.alive(again); len(left) != 0 {
		t.Errorf("the pod is gone, and %v is left", left)
	}
}

func TestRules(t *testing.T) {
	const pod, peer = "10.244.0.2", "10.244.0.3"
	for name, test := range map[string]struct {
		cut  Cut
		want []string
		not  []string
	}{
		"from a peer: both ways, nothing else": {
			Cut{IP: pod, From: "a/redis-1", FromIP: peer},
			[]string{"ip saddr 10.244.0.2 ip daddr 10.244.0.3 drop", "ip saddr 10.244.0.3 ip daddr 10.244.0.2 drop"},
			[]string{"ip saddr 10.244.0.2 drop", "6443"},
		},
		"from the API server: its webhook calls too": {
			Cut{IP: pod, From: FromAPI},
			[]string{"ip saddr 10.244.0.2 tcp dport 6443 drop", "ip daddr 10.244.0.2 ct original ip daddr 10.96.0.0/16 drop"},
			[]string{"ip saddr 10.244.0.2 drop"},
		},
		"from the cluster: the kubelet's probes stay": {
			Cut{IP: pod, From: FromCluster},
			[]string{"ip saddr 10.244.0.2 drop", "ip saddr 10.244.0.2 ct direction original drop"},
			nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			text := cuts{test.cut}.ruleset()
			for _, want := range test.want {
				if !strings.Contains(text, "\t\t"+want+"\n") {
					t.Errorf("no rule %q in:\n%s", want, text)
				}
			}
			for _, not := range test.not {
				if strings.Contains(text, not+"\n") {
					t.Errorf("a rule %q in:\n%s", not, text)
				}
			}
		})
	}
	if text := cuts(nil).ruleset(); strings.Contains(text, "chain") {
		t.Errorf("no cuts, but rules:\n%s", text)
	}
}
