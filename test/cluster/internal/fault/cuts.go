// SPDX-License-Identifier: Apache-2.0

package fault

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
)

// What a pod can be cut from, besides other pods.
const (
	FromAPI      = "api"      // the API server, in both directions
	FromDNS      = "dns"      // the cluster DNS
	FromCluster  = "cluster"  // all of it, but the kubelet: the network of its node broke
	FromEveryone = "everyone" // the kubelet too: its node is dead
)

// Cut is one broken connection of a pod. It ends with the pod.
type Cut struct {
	Pod    string // NAMESPACE/NAME
	UID    string
	IP     string
	From   string // one of the words above, or NAMESPACE/NAME of a pod
	FromIP string // of that pod
}

// cuts are all broken connections, as the file on the node has them.
type cuts []Cut

func loadCuts(file string) (cuts, error) {
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the broken connections: %w", err)
	}
	var all cuts
	if err := json.Unmarshal(data, &all); err != nil {
		return nil, fmt.Errorf("reading the broken connections: %w", err)
	}
	return all, nil
}

func (c cuts) save(file string) error {
	data, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("keeping the broken connections: %w", err)
	}
	if err := os.WriteFile(file, data, 0o600); err != nil {
		return fmt.Errorf("keeping the broken connections: %w", err)
	}
	return nil
}

// with adds a cut, once.
func (c cuts) with(added Cut) cuts {
	if slices.Contains(c, added) {
		return c
	}
	return append(slices.Clone(c), added)
}

// without removes the cuts of a pod from these, or all of its cuts.
func (c cuts) without(pod string, from ...string) cuts {
	return slices.DeleteFunc(slices.Clone(c), func(cut Cut) bool {
		return cut.Pod == pod && (len(from) == 0 || slices.Contains(from, cut.From))
	})
}

// alive keeps the cuts between pods that are still the same ones: addresses are
// given to other pods later.
func (c cuts) alive(all map[string]Pod) cuts {
	return slices.DeleteFunc(slices.Clone(c), func(cut Cut) bool {
		pod, found := all[cut.Pod]
		if !found || pod.UID != cut.UID || pod.IP != cut.IP {
			return true
		}
		return cut.FromIP != "" && all[cut.From].IP != cut.FromIP
	})
}
