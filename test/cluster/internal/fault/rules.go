// SPDX-License-Identifier: Apache-2.0

package fault

import (
	"fmt"
	"strings"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/cluster/internal/host"
)

// ruleset writes all cuts as one nftables table, which replaces the one before
// in one step.
//
// All traffic of pods is routed by the node, so it passes one of three hooks:
// forward, to and from other pods; input, to the node; output, from the node.
// Service addresses have become pods' addresses before the first two.
func (c cuts) ruleset() string {
	var forward, input, output strings.Builder
	for _, cut := range c {
		pod := cut.IP
		switch cut.From {
		case FromAPI:
			fmt.Fprintf(&input, "\t\tip saddr %s tcp dport 6443 drop\n", pod)
			fmt.Fprintf(&output, "\t\tip daddr %s tcp sport 6443 drop\n", pod)
			output.WriteString(fromNodeByService(pod))
		case FromDNS:
			fmt.Fprintf(&input, "\t\tip saddr %s meta l4proto { tcp, udp } th dport 53 drop\n", pod)
			fmt.Fprintf(&output, "\t\tip daddr %s meta l4proto { tcp, udp } th sport 53 drop\n", pod)
		case FromCluster:
			forward.WriteString(both(pod, ""))
			// What the node began are the kubelet's probes: they never leave
			// a node, and stay.
			fmt.Fprintf(&input, "\t\tip saddr %s ct direction original drop\n", pod)
			fmt.Fprintf(&output, "\t\tip daddr %s ct direction reply drop\n", pod)
			output.WriteString(fromNodeByService(pod))
		case FromEveryone:
			forward.WriteString(both(pod, ""))
			fmt.Fprintf(&input, "\t\tip saddr %s drop\n", pod)
			fmt.Fprintf(&output, "\t\tip daddr %s drop\n", pod)
		default:
			forward.WriteString(both(pod, cut.FromIP))
		}
	}
	text := fmt.Sprintf("add table inet %[1]s\ndelete table inet %[1]s\n", host.CutsTable)
	if len(c) == 0 {
		return text
	}
	return text + fmt.Sprintf("table inet %s {\n%s%s%s}\n", host.CutsTable,
		chain("forward", forward.String()), chain("input", input.String()), chain("output", output.String()))
}

// fromNodeByService drops what the API server sends to a pod by its Service:
// calls of a webhook. The kubelet goes to pods' addresses.
func fromNodeByService(pod string) string {
	return fmt.Sprintf("\t\tip daddr %s ct original ip daddr %s drop\n", pod, host.ServiceCIDR)
}

// both drops what goes between a pod and a peer, or everyone if peer is empty.
func both(pod, peer string) string {
	if peer == "" {
		return fmt.Sprintf("\t\tip saddr %[1]s drop\n\t\tip daddr %[1]s drop\n", pod)
	}
	return fmt.Sprintf("\t\tip saddr %[1]s ip daddr %[2]s drop\n\t\tip saddr %[2]s ip daddr %[1]s drop\n", pod, peer)
}

func chain(hook, rules string) string {
	return fmt.Sprintf("\tchain %[1]s {\n\t\ttype filter hook %[1]s priority filter - 10;\n%[2]s\t}\n", hook, rules)
}
