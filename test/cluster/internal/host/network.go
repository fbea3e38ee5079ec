// SPDX-License-Identifier: Apache-2.0

package host

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
)

// The cluster's addresses.
const (
	NodeIP      = "10.243.0.1"    // the node, the API server and the cluster DNS
	PodCIDR     = "10.244.0.0/16" // pods
	PodGateway  = "10.244.0.1"    // what pods see of the node
	ServiceCIDR = "10.96.0.0/16"  // services
	APIService  = "10.96.0.1"     // the service "kubernetes"
)

// nodeInterface carries NodeIP. It is a bridge that nothing is plugged into:
// unlike a dummy interface every kernel with containers has it.
const nodeInterface = "rsw-node"

// The cluster's tables in nftables. CutsTable holds what tests break; by the
// other, pods reach the world from the node's address.
const (
	CutsTable = "redis-sentinel-test-cluster-cuts"

	table = "redis-sentinel-test-cluster"
	rules = `
add table inet ` + table + `
delete table inet ` + table + `
table inet ` + table + ` {
	chain postrouting {
		type nat hook postrouting priority srcnat;
		ip saddr ` + PodCIDR + ` ip daddr != { ` + PodCIDR + `, ` + NodeIP + ` } masquerade
	}
}
`
)

// MakeNetwork makes the node's interface, its address, and the cluster's rules.
func MakeNetwork(ctx context.Context) error {
	if err := addressesFree(ctx); err != nil {
		return err
	}
	for _, args := range []string{
		"link add " + nodeInterface + " type bridge",
		"address add " + NodeIP + "/32 dev " + nodeInterface,
		"link set " + nodeInterface + " up",
	} {
		if err := run(ctx, "", "ip", strings.Fields(args)...); err != nil {
			return err
		}
	}
	// A dead pod's address must lead nowhere: without this route its packets would leave through the machine's default
	// route, to whoever answers there. The routes of living pods are narrower and win. They vanish without a word, as on a
	// lost node: an answer "unreachable" makes the hiredis of Redis 7.0 try again without pause, and three Sentinels that
	// look for a dead master then keep both processors busy for as long as a failover takes.
	if err := run(ctx, "", "ip", "route", "replace", "blackhole", PodCIDR); err != nil {
		return err
	}
	if err := allowForwarding(ctx); err != nil {
		return err
	}
	return ApplyRules(ctx, rules)
}

// ApplyRules carries out nftables commands, all or none.
func ApplyRules(ctx context.Context, commands string) error {
	return run(ctx, commands, "nft", "--file", "-")
}

// EndNetwork removes the node's interface and all tables, kube-proxy's included.
// Pods' interfaces go with their network namespaces.
func EndNetwork(ctx context.Context) error {
	// Adding before deleting keeps a missing table from being an error.
	var tables strings.Builder
	for _, name := range []string{"inet " + table, "inet " + CutsTable, "ip kube-proxy", "ip6 kube-proxy"} {
		fmt.Fprintf(&tables, "add table %[1]s\ndelete table %[1]s\n", name)
	}
	if err := ApplyRules(ctx, tables.String()); err != nil {
		return err
	}
	if err := endForwarding(ctx); err != nil {
		return err
	}
	if routes, err := exec.CommandContext(ctx, "ip", "route", "show", "type", "blackhole", PodCIDR).Output(); err == nil && len(routes) > 0 {
		if err := run(ctx, "", "ip", "route", "delete", "blackhole", PodCIDR); err != nil {
			return err
		}
	}
	for _, link := range append(podLinks(ctx), nodeInterface) {
		if exists("/sys/class/net/" + link) {
			if err := run(ctx, "", "ip", "link", "delete", link); err != nil && exists("/sys/class/net/"+link) {
				return err
			}
		}
	}
	return nil
}

// podLinks returns the node's ends of pods' interfaces: they have PodGateway.
func podLinks(ctx context.Context) []string {
	out, err := exec.CommandContext(ctx, "ip", "-json", "address").Output()
	if err != nil {
		return nil
	}
	return linksWith(out, PodGateway)
}

// linksWith reads the output of "ip -json address".
func linksWith(data []byte, address string) []string {
	var links []struct {
		Name      string `json:"ifname"`
		Addresses []struct {
			Local string `json:"local"`
		} `json:"addr_info"`
	}
	if json.Unmarshal(data, &links) != nil {
		return nil
	}
	var names []string
	for _, link := range links {
		for _, a := range link.Addresses {
			if a.Local == address {
				names = append(names, link.Name)
				break
			}
		}
	}
	return names
}

func run(ctx context.Context, stdin, program string, args ...string) error {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Stdin = strings.NewReader(stdin)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", cmd, err, strings.TrimSpace(string(out)))
	}
	return nil
}
