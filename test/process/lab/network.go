// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
)

// bridgePrefix begins the names of everything that a lab adds to the machine's network.
const bridgePrefix = "rsp"

// Network is a bridge that the pods of a lab are plugged into. Several labs can run on one machine.
type Network struct {
	name string
	// Gateway is the machine's own address on the bridge: where pods reach the API server and the names.
	Gateway netip.Addr

	mu    sync.Mutex
	next  int
	ports int
}

// NewNetwork takes the first free of forty bridges. Those of processes that no longer exist are removed first.
func NewNetwork() (*Network, error) {
	sweep()
	for n := 200; n < 240; n++ {
		network := &Network{name: bridgePrefix + strconv.Itoa(n), Gateway: netip.AddrFrom4([4]byte{10, byte(n), 0, 1}), next: 256}
		if err := ip("link", "add", network.name, "type", "bridge", "forward_delay", "0"); err != nil {
			continue // taken by another lab
		}
		err := errors.Join(
			ip("link", "set", network.name, "alias", "pid "+strconv.Itoa(os.Getpid())),
			ip("addr", "add", network.Gateway.String()+"/16", "dev", network.name),
			ip("link", "set", network.name, "up"))
		if err != nil {
			return nil, errors.Join(fmt.Errorf("making bridge %s: %w", network.name, err), network.Close())
		}
		return network, nil
	}
	return nil, errors.New("no free bridge: forty labs are running, or this is not root on Linux with iproute2")
}

// sweep removes what is left of labs that did not end by themselves.
func sweep() {
	bridges, _ := filepath.Glob("/sys/class/net/" + bridgePrefix + "2*")
	for _, path := range bridges {
		alias, _ := os.ReadFile(filepath.Join(path, "ifalias"))
		pid, ok := strings.CutPrefix(strings.TrimSpace(string(alias)), "pid ")
		if _, err := os.Stat("/proc/" + pid); !ok || err == nil {
			continue
		}
		_ = (&Network{name: filepath.Base(path)}).Close()
	}
}

// Close removes the bridge and the namespaces of its pods.
func (n *Network) Close() error {
	left, _ := filepath.Glob("/var/run/netns/" + n.name + "-*")
	var errs []error
	for _, path := range left {
		errs = append(errs, ip("netns", "delete", filepath.Base(path)))
	}
	return errors.Join(append(errs, ip("link", "delete", n.name))...)
}

// Address returns an address that no pod of this lab has had.
func (n *Network) Address() netip.Addr {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.next++
	base := n.Gateway.As4()
	return netip.AddrFrom4([4]byte{base[0], base[1], byte(n.next >> 8), byte(n.next)})
}

// Port is one pod's place on the network.
type Port struct {
	namespace string
	link      string
}

// Plug makes a network namespace with the address.
func (n *Network) Plug(address netip.Addr) (*Port, error) {
	n.mu.Lock()
	n.ports++
	p := &Port{namespace: n.name + "-" + strconv.Itoa(n.ports), link: "v" + n.name + "-" + strconv.Itoa(n.ports)}
	n.mu.Unlock()
	bytes := address.As4()
	mac := net.HardwareAddr{2, 0, bytes[0], bytes[1], bytes[2], bytes[3]} // the same for an address, so that no ARP entry is stale
	err := errors.Join(
		ip("netns", "add", p.namespace),
		ip("link", "add", p.link, "type", "veth", "peer", "name", "eth0", "address", mac.String(), "netns", p.namespace),
		ip("link", "set", p.link, "master", n.name, "up"),
		ip("-n", p.namespace, "addr", "add", address.String()+"/16", "dev", "eth0"),
		ip("-n", p.namespace, "link", "set", "lo", "up"),
		ip("-n", p.namespace, "link", "set", "eth0", "up"))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("plugging %s in: %w", address, err), p.Unplug())
	}
	return p, nil
}

// Unplug removes the namespace; its processes must have ended.
func (p *Port) Unplug() error {
	_ = ip("link", "delete", p.link) // at once; the kernel would take it with the namespace, later
	return ip("netns", "delete", p.namespace)
}

// Cut makes the pod silent in both directions, without an error on either side, like a lost node.
func (p *Port) Cut() error { return ip("link", "set", p.link, "nomaster") }

// Heal ends a cut.
func (p *Port) Heal(n *Network) error { return ip("link", "set", p.link, "master", n.name) }

// CutFrom drops what goes from the pod to an address.
func (p *Port) CutFrom(address netip.Addr) error {
	return ip("-n", p.namespace, "route", "add", "blackhole", address.String()+"/32")
}

// HealFrom ends CutFrom.
func (p *Port) HealFrom(address netip.Addr) error {
	return ip("-n", p.namespace, "route", "delete", "blackhole", address.String()+"/32")
}

// Deafen drops what comes to the pod over one connection, which ends at a port of its own, and over no other.
func (p *Port) Deafen(port uint16) error {
	cmd := exec.Command("ip", "netns", "exec", p.namespace, "nft", "-f", "-") //nolint:noctx // a local command that ends at once
	cmd.Stdin = strings.NewReader(fmt.Sprintf(`table inet lab {
	chain input {
		type filter hook input priority 0
		tcp dport %d drop
	}
}
`, port))
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("dropping what comes to port %d: %w: %s", port, err, strings.TrimSpace(string(out)))
	}
	return nil
}

// path is where the kernel shows the namespace.
func (p *Port) path() string { return "/var/run/netns/" + p.namespace }

func ip(args ...string) error {
	out, err := exec.Command("ip", args...).CombinedOutput() //nolint:noctx // a local command that ends at once
	if err != nil {
		return fmt.Errorf("ip %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}
