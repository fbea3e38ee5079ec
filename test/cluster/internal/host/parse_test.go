// SPDX-License-Identifier: Apache-2.0

package host

import (
	"net/netip"
	"slices"
	"testing"
)

func TestParseMounts(t *testing.T) {
	const table = "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\ntmpfs /var/lib/with\\040blank tmpfs rw 0 0\n"
	want := []mount{{"/sys/fs/cgroup", "cgroup2"}, {"/var/lib/with blank", "tmpfs"}}
	if got := parseMounts(table); !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestLinksWith(t *testing.T) {
	const links = `[
		{"ifname":"lo","addr_info":[{"local":"127.0.0.1"}]},
		{"ifname":"veth1","addr_info":[{"local":"10.244.0.1"},{"local":"fe80::1"}]},
		{"ifname":"veth2","addr_info":[{"local":"10.244.0.10"}]},{}]`
	if got := linksWith([]byte(links), PodGateway); !slices.Equal(got, []string{"veth1"}) {
		t.Errorf("got %v, want veth1 alone", got)
	}
}

func TestOverlap(t *testing.T) {
	const routes = `[{"dst":"default"},{"dst":"192.0.2.0/24"},{"dst":"10.244.7.0/24"},{"dst":"10.243.0.9"}]`
	for name, test := range map[string]struct{ wanted, route string }{
		"a part of the wanted range is taken": {"10.244.0.0/16", "10.244.7.0/24"},
		"a single address is taken":           {"10.243.0.0/24", "10.243.0.9"},
		"only the default route leads there":  {"10.96.0.0/16", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := overlap([]byte(routes), netip.MustParsePrefix(test.wanted)); got != test.route {
				t.Errorf("got %q, want %q", got, test.route)
			}
		})
	}
}
