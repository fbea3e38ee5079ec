// SPDX-License-Identifier: Apache-2.0

package process

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/redisconf"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/process/lab"
)

// hostileGroups are groups of which most have a line in them that a Sentinel refuses, or one that it has already.
func hostileGroups(r *rand.Rand, n int) []redisconf.Watched {
	pick := func(honest string, others ...string) string {
		if r.IntN(3) > 0 {
			return honest
		}
		return others[r.IntN(len(others))]
	}
	count := func(honest int) int {
		if r.IntN(6) > 0 {
			return honest
		}
		return []int{-1, 0, 1 << 40, 99999}[r.IntN(4)]
	}
	host := func() string {
		return pick(fmt.Sprintf("10.0.%d.%d", r.IntN(4), 1+r.IntN(200)), "", "fd00::1", "x y", "redis.example", "0.0.0.0", "fe80::1%eth0", "10.0.0.1", "256.1.1.1")
	}
	id := func() string { return pick(fmt.Sprintf("%040x", r.IntN(50)), "", "x", strings.Repeat("f", 41)) }
	var all []redisconf.Watched
	for i := range n {
		g := redisconf.Watched{
			Name: pick(fmt.Sprintf("ns.redis-%d", i), "ns.redis-0", "a b", "x\ny", "quote\"", "", "a,b", strings.Repeat("n", 3000)), Host: host(), Port: count(6379),
			Quorum: count(2), DownAfterMs: int64(count(5000)), FailoverTimeoutMs: int64(count(10000)), ParallelSyncs: count(1), Epoch: r.Uint64(),
		}
		for range r.IntN(6) {
			g.Replicas = append(g.Replicas, redisconf.Endpoint{Host: host(), Port: count(6379)})
			g.Peers = append(g.Peers, redisconf.KnownSentinel{Endpoint: redisconf.Endpoint{Host: host(), Port: count(26379)}, ID: id()})
		}
		all = append(all, g)
	}
	return all
}

// TestSentinelStartsFromWhateverIsLeft: of groups that cannot be right a real Sentinel gets what it starts from. That it does not start
// from the others is tried first: otherwise this test would show nothing.
func TestSentinelStartsFromWhateverIsLeft(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *lab.Scene) {
		free, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
		must(t, err)
		port := free.Addr().(*net.TCPAddr).Port
		must(t, free.Close())
		conf := redisconf.Sentinel{
			Port: port, Dir: "/sentinel", MyID: strings.Repeat("f", 40), AnnounceIP: "127.0.0.1", Epoch: 2048, AgentHash: strings.Repeat("a", 64),
			PeerHash: strings.Repeat("b", 64), PeerPassword: "p", MaxClients: 1000,
		}
		good := redisconf.Watched{Name: "ns.good", Host: "10.0.9.9", Port: 6379, Quorum: 2, DownAfterMs: 5000, FailoverTimeoutMs: 10000, ParallelSyncs: 1, Epoch: 1024}
		for name, spoil := range map[string]func(*redisconf.Watched){
			"port 99999":           func(g *redisconf.Watched) { g.Port = 99999 },
			"a name that is taken": func(g *redisconf.Watched) { g.Name = "ns.good" },
			"a replica twice": func(g *redisconf.Watched) {
				g.Replicas = []redisconf.Endpoint{{Host: "10.0.9.8", Port: 6379}, {Host: "10.0.9.8", Port: 6379}}
			},
			"no quorum": func(g *redisconf.Watched) { g.Quorum = 0 },
		} {
			bad := good
			bad.Name, bad.Host = "ns.bad", "10.0.9.7"
			spoil(&bad)
			conf.Groups = []redisconf.Watched{good, bad}
			if err := s.SentinelStarts(t.Context(), conf.String(), port); err == nil {
				t.Errorf("%s: the Sentinel starts from it: this test shows nothing", name)
			}
			fit, _ := conf.Fit()
			if err := s.SentinelStarts(t.Context(), fit.String(), port); err != nil {
				t.Errorf("%s was left out: %v", name, err)
			}
		}
		for n := range 25 {
			size := 1 + n
			if n == 0 {
				size = 200
			}
			conf.Groups = hostileGroups(rand.New(rand.NewPCG(uint64(n), 8)), size)
			fit, _ := conf.Fit()
			if err := s.SentinelStarts(t.Context(), fit.String(), port); err != nil {
				t.Errorf("file %d: %v\n%s", n, err, fit.String())
			}
		}
	})
}

// TestAttackHostileRecords: whoever may write Leases and pods of his own writes two hundred of each, most of them wrong.
// Sentinels that start after that serve the group that is right, and no other.
func TestAttackHostileRecords(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *lab.Scene) {
		set, master := group(s, lab.Options{})
		fill(s, set, 20)
		hostileRecords(t, s, set, master)
		for n, p := range s.Sentinels.Pods {
			p.Lose()
			p.Forget()
			s.Sentinels.Start(n)
		}
		set.WaitFormed(stalled)
		filled(s, set, 20)
		for _, p := range s.Sentinels.Live() {
			if conf := p.File(contract.SentinelConfFile); strings.Count(conf, "sentinel monitor ") != 1 || strings.Contains(conf, "evil") {
				t.Errorf("%s serves more than the one group:\n%s", p.Name, conf)
			}
			if log := p.Log("agent.log"); !strings.Contains(log, "GroupsLeftOut") {
				t.Errorf("%s does not say what it left out", p.Name)
			}
		}
		events, err := s.Client.CoreV1().Events(s.Namespace).List(t.Context(), metav1.ListOptions{FieldSelector: "reason=GroupsLeftOut"})
		if must(t, err); len(events.Items) == 0 {
			t.Error("no Event says what was left out")
		}
	})
}

// hostileRecords makes records that nobody's agents wrote.
func hostileRecords(t *testing.T, s *lab.Scene, victim *lab.Set, master *lab.Pod) {
	t.Helper()
	_, lease, err := victim.Record(t.Context())
	must(t, err)
	settings := func(change func(*contract.GroupSettings)) string {
		decoded, err := contract.DecodeGroupSettings(lease.Annotations[contract.RecordSettings])
		must(t, err)
		change(&decoded)
		text, err := json.Marshal(decoded)
		must(t, err)
		return string(text)
	}
	honest := settings(func(*contract.GroupSettings) {})
	attacks := []map[string]string{
		{contract.RecordAddress: "10.66.0.1:99999"},
		{contract.RecordAddress: "10.66.0.1:0"},
		{contract.RecordAddress: "[fd00::1]:6379"},
		{contract.RecordAddress: "x y:1"},
		{contract.RecordAddress: master.Address.String() + ":6379"},
		{contract.RecordAddress: master.Address.String() + ":6379", contract.RecordPodUID: master.UID},
		{contract.RecordEpoch: "18446744073709551616"},
		{contract.RecordEpoch: "18446744073709551615"},
		{contract.RecordSettings: settings(func(g *contract.GroupSettings) { g.MasterName = victim.MasterName() })},
		{contract.RecordSettings: settings(func(g *contract.GroupSettings) { g.MasterName = "a b" })},
		{contract.RecordSettings: settings(func(g *contract.GroupSettings) { g.MasterName = "a\nsentinel myid x" })},
		{contract.RecordSettings: settings(func(g *contract.GroupSettings) { g.Port = 99999 })},
		{contract.RecordSettings: settings(func(g *contract.GroupSettings) { g.Quorum, g.DownAfterMs, g.FailoverTimeoutMs = 1<<40, -1, 1<<60 })},
		{"theirs": strings.Repeat("x", 200_000)},
	}
	var all sync.WaitGroup
	limit := make(chan struct{}, 16)
	for n := range 200 {
		all.Go(func() {
			limit <- struct{}{}
			defer func() { <-limit }()
			name, holder := fmt.Sprintf("evil%d", n), "evil-0"
			l := &coordinationv1.Lease{
				ObjectMeta: metav1.ObjectMeta{Name: contract.ObjectName(name), Labels: map[string]string{contract.LabelGroup: name}, Annotations: map[string]string{
					contract.RecordEpoch: "2048", contract.RecordAddress: fmt.Sprintf("10.66.%d.1:6379", n), contract.RecordPodUID: "uid", contract.RecordSettings: honest,
				}},
				Spec: coordinationv1.LeaseSpec{HolderIdentity: &holder},
			}
			maps.Copy(l.Annotations, attacks[n%len(attacks)])
			if _, err := s.Client.CoordinationV1().Leases(s.Namespace).Create(context.WithoutCancel(t.Context()), l, metav1.CreateOptions{}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	// Two pods at one address, which makes a replica stand twice.
	for n := 10; n < 12; n++ {
		name := fmt.Sprintf("%s-%d", victim.Name, n)
		pod := &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{contract.LabelGroup: victim.Name}},
			Spec:       corev1.PodSpec{NodeName: "nowhere", Containers: []corev1.Container{{Name: "c", Image: "i"}}},
		}
		_, err := s.Client.CoreV1().Pods(s.Namespace).Create(t.Context(), pod, metav1.CreateOptions{})
		must(t, err)
		status := []byte(`{"status":{"phase":"Running","podIP":"10.66.255.1","podIPs":[{"ip":"10.66.255.1"}]}}`)
		_, err = s.Client.CoreV1().Pods(s.Namespace).Patch(t.Context(), name, types.MergePatchType, status, metav1.PatchOptions{}, "status")
		must(t, err)
		zero := int64(0)
		t.Cleanup(func() {
			_ = s.Client.CoreV1().Pods(s.Namespace).Delete(context.WithoutCancel(t.Context()), name, metav1.DeleteOptions{GracePeriodSeconds: &zero})
		})
	}
}

// TestRefusedFileIsReplaced: a Sentinel's file is broken while it is down, so that it never starts from it. Its agent writes it anew.
func TestRefusedFileIsReplaced(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *lab.Scene) {
		set, master := group(s, lab.Options{})
		p := s.Sentinels.Pods[1]
		before := p.File(contract.SentinelConfFile)
		p.CrashServer(true)
		broken := before + "\nsentinel monitor ns.redis 10.0.0.1 99999 2\n"
		must(t, p.Overwrite(contract.SentinelConfFile, broken))
		p.Release()
		until(s, time.Minute, "the Sentinel serves the group again", func(ctx context.Context) string {
			if named := p.Named(ctx, set); named != master.Address.String() {
				return fmt.Sprintf("it names %q", named)
			}
			return ""
		})
		after := p.File(contract.SentinelConfFile)
		if id := lineOf(before, "sentinel myid "); id == "" || lineOf(after, "sentinel myid ") != id {
			t.Errorf("it was %q and is %q", id, lineOf(after, "sentinel myid "))
		}
		if p.File(contract.SentinelConfFile+".refused") != broken {
			t.Error("the refused file is not kept")
		}
		events, err := s.Client.CoreV1().Events(s.Namespace).List(t.Context(), metav1.ListOptions{FieldSelector: "reason=FileRefused,involvedObject.name=" + p.Name})
		if must(t, err); len(events.Items) != 1 {
			t.Errorf("%d Events FileRefused, want 1", len(events.Items))
		}
		set.WaitFormed(stalled)
	})
}

func lineOf(text, prefix string) string {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, prefix) {
			return line
		}
	}
	return ""
}

// TestAttackIdleConnections: 2684 connections in three seconds, none of which ever asked for anything, ended an agent with a
// limit of 64 MiB, and its pod was out of its Service for a minute. Now the kubelet's probes are answered all the time, and the group does not notice.
func TestAttackIdleConnections(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *lab.Scene) {
		set, master := group(s, lab.Options{})
		attacked := []*lab.Pod{master, s.Sentinels.Pods[0]}
		var open []net.Conn
		defer func() {
			for _, conn := range open {
				_ = conn.Close()
			}
		}()
		before := map[*lab.Pod]int64{}
		for _, p := range attacked {
			bytes, err := p.AgentMemory()
			must(t, err)
			before[p] = bytes
		}
		kubelet := &http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
		failed := 0
		for n := range 2684 {
			for _, p := range attacked {
				address := fmt.Sprintf("%s:%d", p.Address, contract.AgentPort)
				if conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(t.Context(), "tcp", address); err == nil {
					_, _ = conn.Write([]byte("GET /status HTTP/1.1\r\nX: ")) // and never an end
					open = append(open, conn)
				}
				if n%50 == 0 && !answers(t, kubelet, address) {
					failed++
				}
			}
		}
		if failed > 0 {
			t.Errorf("%d probes were not answered", failed)
		}
		for _, p := range attacked {
			bytes, err := p.AgentMemory()
			must(t, err)
			grown := bytes - before[p]
			s.Logf("%s: the agent took %d MiB at most, %d of them since", p.Name, bytes>>20, grown>>20)
			if bytes > 64<<20 || grown > 10<<20 {
				t.Errorf("the agent of %s took %d MiB, its limit is 64, and %d more than before", p.Name, bytes>>20, grown>>20)
			}
		}
		if now := set.WaitFormed(stalled); now != master {
			t.Errorf("%s leads, want %s", now.Name, master.Name)
		}
		if slices.ContainsFunc(attacked, func(p *lab.Pod) bool { return p.Restarts() > 0 }) {
			t.Error("a server was restarted")
		}
	})
}

func answers(t *testing.T, c *http.Client, address string) bool {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+contract.PathReady, http.NoBody)
	must(t, err)
	response, err := c.Do(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}
