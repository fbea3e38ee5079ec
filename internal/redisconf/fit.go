// SPDX-License-Identifier: Apache-2.0

package redisconf

import (
	"math"
	"net/netip"
	"strings"
)

// Unfit is a group that was left out of sentinel.conf, and why.
type Unfit struct {
	Name string
	Why  string
}

// Fit leaves out what Sentinel would not start from. One bad line ends it before it serves anybody, so a group that has one costs
// all the others; left out, it costs itself, and only until its agents have told Sentinel about it. Where two groups want one name
// or one address the earlier has it.
func (c Sentinel) Fit() (Sentinel, []Unfit) {
	var groups []Watched
	var unfit []Unfit
	names, masters := map[string]bool{}, map[Endpoint]bool{}
	for _, g := range c.Groups {
		if why := g.unfit(names, masters); why != "" {
			unfit = append(unfit, Unfit{g.Name, why})
			continue
		}
		names[g.Name], masters[g.master()] = true, true
		groups = append(groups, g)
	}
	replicas := map[Endpoint]bool{}
	for i := range groups {
		groups[i].Replicas = distinct(groups[i].Replicas, func(e Endpoint) bool {
			free := e.valid() && !masters[e] && !replicas[e]
			replicas[e] = true
			return free
		})
		groups[i].Peers = c.fitPeers(groups[i].Peers)
	}
	c.Groups = groups
	return c, unfit
}

// unfit says why Sentinel would not start from a group; empty where it would.
func (g Watched) unfit(names map[string]bool, masters map[Endpoint]bool) string {
	switch {
	case !isMasterName(g.Name):
		return "its name is none that Sentinel can be asked for"
	case names[g.Name]:
		return "another group has its name"
	case !g.master().valid():
		return "its master has no valid address and port"
	case masters[g.master()]:
		return "another group has its master's address"
	case !counts(int64(g.Quorum)) || !counts(g.DownAfterMs) || !counts(g.FailoverTimeoutMs) || !counts(int64(g.ParallelSyncs)):
		return "quorum, down-after, failover-timeout and parallel-syncs have to be from 1 to 2147483647"
	}
	return ""
}

// counts reports whether Sentinel takes a count or a time: it keeps them in 32 bits.
func counts(n int64) bool { return n >= 1 && n <= math.MaxInt32 }

func (g Watched) master() Endpoint { return Endpoint{g.Host, g.Port} }

// fitPeers are the peers that Sentinel can tell apart, from each other and from itself.
func (c Sentinel) fitPeers(peers []KnownSentinel) []KnownSentinel {
	ids, places := map[string]bool{c.MyID: true}, map[Endpoint]bool{{c.AnnounceIP, c.Port}: true}
	return distinct(peers, func(p KnownSentinel) bool {
		fit := isRunID(p.ID) && p.valid() && !ids[p.ID] && !places[p.Endpoint]
		ids[p.ID], places[p.Endpoint] = true, true
		return fit
	})
}

// distinct keeps what is wanted, in a slice of its own.
func distinct[T any](items []T, wanted func(T) bool) []T {
	var kept []T
	for _, item := range items {
		if wanted(item) {
			kept = append(kept, item)
		}
	}
	return kept
}

// valid reports whether Sentinel takes the address; names are none, because it resolves none.
func (e Endpoint) valid() bool {
	ip, err := netip.ParseAddr(e.Host)
	return err == nil && ip.Zone() == "" && ip.String() == e.Host && !ip.IsUnspecified() && e.Port > 0 && e.Port < 1<<16
}

func isRunID(id string) bool {
	return len(id) == 40 && !strings.ContainsFunc(id, func(r rune) bool { return (r < '0' || r > '9') && (r < 'a' || r > 'f') })
}

// isMasterName keeps out what would end a word of a file, of a command, or, as a comma does, of a hello.
func isMasterName(name string) bool {
	return name != "" && len(name) <= 253 && !strings.ContainsFunc(name, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '.' && r != '-' && r != '_'
	})
}
