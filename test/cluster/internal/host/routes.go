// SPDX-License-Identifier: Apache-2.0

package host

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"os/exec"
)

// addressesFree returns an error that names a route of the machine to where the
// cluster's addresses are to be.
func addressesFree(ctx context.Context) error {
	out, err := exec.CommandContext(ctx, "ip", "-json", "-4", "route").Output()
	if err != nil {
		return fmt.Errorf("listing the routes: %w", err)
	}
	for _, wanted := range []string{NodeIP + "/32", PodCIDR, ServiceCIDR} {
		if route := overlap(out, netip.MustParsePrefix(wanted)); route != "" {
			return fmt.Errorf("this machine has a route to %s and the cluster uses %s: end what made the route (a VPN, another cluster); or %s", route, wanted, remedy)
		}
	}
	return nil
}

// overlap returns the first route, as "ip -json route" prints them, that has
// addresses in common with wanted. The default route does not count.
func overlap(data []byte, wanted netip.Prefix) string {
	var routes []struct{ Dst string }
	if json.Unmarshal(data, &routes) != nil {
		return ""
	}
	for _, route := range routes {
		prefix, err := netip.ParsePrefix(route.Dst)
		if err != nil {
			address, err := netip.ParseAddr(route.Dst)
			if err != nil {
				continue // "default"
			}
			prefix = netip.PrefixFrom(address, address.BitLen())
		}
		if prefix.Bits() > 0 && prefix.Overlaps(wanted) {
			return route.Dst
		}
	}
	return ""
}
