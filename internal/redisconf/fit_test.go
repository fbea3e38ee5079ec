// SPDX-License-Identifier: Apache-2.0

package redisconf

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// group is one from which Sentinel starts.
func fitGroup(name, host string) Watched {
	return Watched{
		Name: name, Host: host, Port: 6379, Quorum: 2, DownAfterMs: 5000, FailoverTimeoutMs: 10000, ParallelSyncs: 1, Epoch: 1024,
		Replicas: []Endpoint{{host + "0", 6379}}, Peers: []KnownSentinel{{Endpoint{"10.1.0.1", 26379}, strings.Repeat("a", 40)}},
	}
}

// TestOneBadGroupCostsItself: Sentinel starts from the others.
func TestOneBadGroupCostsItself(t *testing.T) {
	for name, spoil := range map[string]func(*Watched){
		"port 99999":           func(g *Watched) { g.Port = 99999 },
		"port 0":               func(g *Watched) { g.Port = 0 },
		"no address":           func(g *Watched) { g.Host = "" },
		"a name as address":    func(g *Watched) { g.Host = "redis.example" },
		"a zone":               func(g *Watched) { g.Host = "fe80::1%eth0" },
		"another way to write": func(g *Watched) { g.Host = "FD00::1" },
		"a name that is taken": func(g *Watched) { g.Name = "ns.good" },
		"an address that is":   func(g *Watched) { g.Host = "10.0.0.1" },
		"a name with a blank":  func(g *Watched) { g.Name = "ns. bad" },
		"a name with a line":   func(g *Watched) { g.Name = "ns.bad\nsentinel myid x" },
		"a name with a comma":  func(g *Watched) { g.Name = "ns,bad" },
		"no name":              func(g *Watched) { g.Name = "" },
		"a long name":          func(g *Watched) { g.Name = strings.Repeat("n", 300) },
		"quorum 0":             func(g *Watched) { g.Quorum = 0 },
		"no down-after":        func(g *Watched) { g.DownAfterMs = -1 },
		"no timeout":           func(g *Watched) { g.FailoverTimeoutMs = 0 },
		"too great a quorum":   func(g *Watched) { g.Quorum = 1 << 40 },
		"too long a timeout":   func(g *Watched) { g.FailoverTimeoutMs = 1 << 40 },
		"no syncs":             func(g *Watched) { g.ParallelSyncs = 0 },
	} {
		bad := fitGroup("ns.bad", "10.0.0.2")
		spoil(&bad)
		got, unfit := Sentinel{Groups: []Watched{fitGroup("ns.good", "10.0.0.1"), bad}}.Fit()
		if len(got.Groups) != 1 || got.Groups[0].Name != "ns.good" || len(unfit) != 1 || unfit[0].Why == "" {
			t.Errorf("%s: %d groups, left out %v", name, len(got.Groups), unfit)
		}
	}
}

// TestNothingStandsTwice: Sentinel ends at the second line that says the same.
func TestNothingStandsTwice(t *testing.T) {
	id := func(c string) string { return strings.Repeat(c, 40) }
	a, b := fitGroup("ns.a", "10.0.0.1"), fitGroup("ns.b", "10.0.0.2")
	a.Replicas = []Endpoint{{"10.0.0.3", 6379}, {"10.0.0.3", 6379}, {"10.0.0.1", 6379}, {"10.0.0.2", 6379}, {"10.0.0.4", 0}, {"10.0.0.4", 70000}, {"x", 1}}
	b.Replicas = []Endpoint{{"10.0.0.3", 6379}, {"10.0.0.5", 6379}}
	a.Peers = []KnownSentinel{
		{Endpoint{"10.1.0.1", 26379}, id("a")},
		{Endpoint{"10.1.0.1", 26379}, id("b")},
		{Endpoint{"10.1.0.2", 26379}, id("a")},
		{Endpoint{"10.1.0.3", 26379}, id("f")},
		{Endpoint{"10.1.0.9", 26379}, id("c")},
		{Endpoint{"10.1.0.4", 26379}, "short"},
		{Endpoint{"10.1.0.5", 26379}, id("d")},
	}
	got, unfit := Sentinel{Port: 26379, AnnounceIP: "10.1.0.9", MyID: id("f"), Groups: []Watched{a, b}}.Fit()
	if len(unfit) > 0 || len(got.Groups) != 2 {
		t.Fatalf("%d groups, left out %v", len(got.Groups), unfit)
	}
	if want := []Endpoint{{"10.0.0.3", 6379}}; !slices.Equal(got.Groups[0].Replicas, want) {
		t.Errorf("replicas of the first %v, want %v", got.Groups[0].Replicas, want)
	}
	if want := []Endpoint{{"10.0.0.5", 6379}}; !slices.Equal(got.Groups[1].Replicas, want) {
		t.Errorf("replicas of the second %v, want %v: an address belongs to one group", got.Groups[1].Replicas, want)
	}
	want := []KnownSentinel{{Endpoint{"10.1.0.1", 26379}, id("a")}, {Endpoint{"10.1.0.5", 26379}, id("d")}}
	if !slices.Equal(got.Groups[0].Peers, want) {
		t.Errorf("peers %v, want %v", got.Groups[0].Peers, want)
	}
}

// FuzzFit: whatever groups are given, no line of the file stands twice, none has a port or a count that Sentinel refuses, and none
// begins another directive.
func FuzzFit(f *testing.F) {
	f.Add("ns.a", "10.0.0.1", 6379, 2, int64(5000), "ns.b", "10.0.0.1", 99999)
	f.Add("a b", "fd00::1", 0, -1, int64(-5), "a b", "::", 1)
	f.Fuzz(func(t *testing.T, name, host string, port, quorum int, ms int64, other, elsewhere string, another int) {
		one := Watched{Name: name, Host: host, Port: port, Quorum: quorum, DownAfterMs: ms, FailoverTimeoutMs: ms, ParallelSyncs: quorum, Replicas: []Endpoint{{elsewhere, another}, {elsewhere, another}, {host, port}}}
		two := Watched{Name: other, Host: elsewhere, Port: another, Quorum: 1, DownAfterMs: 1, FailoverTimeoutMs: 1, ParallelSyncs: 1, Replicas: []Endpoint{{host, port}, {elsewhere, port}}}
		two.Peers = []KnownSentinel{{Endpoint{host, port}, name}, {Endpoint{elsewhere, another}, other}, {Endpoint{host, port}, strings.Repeat("a", 40)}, {Endpoint{host, another}, strings.Repeat("a", 40)}}
		conf, _ := Sentinel{Port: 26379, MyID: strings.Repeat("f", 40), AnnounceIP: "10.1.0.1", Groups: []Watched{one, two, one, two}}.Fit()
		before, _, _ := strings.Cut(Sentinel{}.String(), "sentinel current-epoch")
		text := conf.String()
		seen, endpoints := map[string]bool{}, map[string]bool{}
		for i, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
			words := strings.Fields(line)
			if i < strings.Count(before, "\n")+1 {
				continue
			}
			if seen[line] || words[0] != "sentinel" || len(words) > 6 {
				t.Fatalf("line %q in\n%s", line, text)
			}
			seen[line] = true
			if words[1] == "monitor" || words[1] == "known-replica" {
				n, err := strconv.Atoi(words[4])
				at := fmt.Sprint(words[3], " ", words[4])
				if err != nil || n < 1 || n > 65535 || endpoints[at] {
					t.Fatalf("line %q in\n%s", line, text)
				}
				endpoints[at] = true
			}
		}
	})
}
