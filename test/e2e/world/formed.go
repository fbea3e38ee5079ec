// SPDX-License-Identifier: Apache-2.0

package world

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// Master is the one node that says it is master; false when there is none or more than one.
func (v View) Master() (Node, bool) {
	masters := v.Masters()
	if len(masters) != 1 {
		return Node{}, false
	}
	return masters[0], true
}

// Masters are all nodes that say they are master.
func (v View) Masters() []Node {
	return slices.DeleteFunc(slices.Clone(v.Nodes), func(n Node) bool { return n.Redis.Role != contract.RoleMaster })
}

// Node is the node with that pod name.
func (v View) Node(pod string) (Node, bool) {
	i := slices.IndexFunc(v.Nodes, func(n Node) bool { return n.Pod == pod })
	if i < 0 {
		return Node{}, false
	}
	return v.Nodes[i], true
}

// Missing says what this view lacks to be a formed group, or nothing. In a formed group all pods exist and are Ready; one is
// master by its own answer, by every Sentinel's, by the record and by its label; every other follows it with its link up and is
// labelled accordingly.
func (v View) Missing() string {
	if len(v.Nodes) != v.Group.Replicas {
		return fmt.Sprintf("%d pods of %d", len(v.Nodes), v.Group.Replicas)
	}
	master, one := v.Master()
	if !one {
		return fmt.Sprintf("%d masters: %s", len(v.Masters()), v)
	}
	for _, node := range v.Nodes {
		if missing := node.missing(master); missing != "" {
			return node.Pod + " " + missing
		}
	}
	if missing := v.sentinelsMissing(master, v.Group.Sentinels.Size); missing != "" {
		return missing
	}
	return v.Record.missing(master)
}

// Elected says what is missing until clients find one master: its own answer and that of a majority of the Sentinels.
func (v View) Elected() string {
	master, one := v.Master()
	if !one {
		return fmt.Sprintf("%d masters: %s", len(v.Masters()), v)
	}
	return v.sentinelsMissing(master, v.Group.Sentinels.Size/2+1)
}

func (n Node) missing(master Node) string {
	role := contract.RoleReplica
	if n.Pod == master.Pod {
		role = contract.RoleMaster
	}
	switch {
	case n.Redis.Role != role:
		return fmt.Sprintf("does not answer as %s", role)
	case role == contract.RoleReplica && n.Redis.Follows != master.Address:
		return fmt.Sprintf("follows %s, the master is at %s", n.Redis.Follows, master.Address)
	case role == contract.RoleReplica && !n.Redis.LinkUp:
		return "has its link to the master down"
	case !n.Ready:
		return "is not Ready"
	case n.Label != role:
		return fmt.Sprintf("is %s and labelled %q", role, n.Label)
	}
	return ""
}

func (v View) sentinelsMissing(master Node, want int) string {
	agree := 0
	for _, address := range v.Sentinels {
		if address == master.Address {
			agree++
		}
	}
	if agree < want {
		return fmt.Sprintf("%d Sentinels of %d name %s: %v", agree, want, master.Address, v.Sentinels)
	}
	return ""
}

func (r Record) missing(master Node) string {
	if r.Holder != master.Pod || r.Address != master.Address || r.PodUID != string(master.UID) {
		return fmt.Sprintf("the record names %q at %q (uid %q), the master is %s at %s (uid %s)", r.Holder, r.Address, r.PodUID, master.Pod, master.Address, master.UID)
	}
	return ""
}

// String is one line for a person.
func (v View) String() string {
	var parts []string
	for _, node := range v.Nodes {
		role := node.Redis.Role
		if role == "" {
			role = "silent"
		}
		ready := "not ready"
		if node.Ready {
			ready = "ready"
		}
		parts = append(parts, fmt.Sprintf("%s %s, %s %s at %s", node.Pod, role, node.Phase, ready, node.Address))
	}
	return fmt.Sprintf("[%s] sentinels %v, record %s at %s", strings.Join(parts, "; "), v.Sentinels, v.Record.Holder, v.Record.Address)
}

// WaitFormed waits until the group is formed and returns how long that took from the call, and what it looks like then.
func (w *World) WaitFormed(ctx context.Context, group Group, limit time.Duration) (View, time.Duration, error) {
	return w.WaitView(ctx, group, limit, "group "+group.MasterName()+" to be formed", View.Missing)
}

// WaitView waits until the check finds nothing missing in a view of the group.
func (w *World) WaitView(ctx context.Context, group Group, limit time.Duration, what string, check func(View) string) (View, time.Duration, error) {
	var seen View
	took, err := Until(ctx, limit, what, func(ctx context.Context) string {
		view, err := w.Look(ctx, group)
		if err != nil {
			return err.Error()
		}
		if missing := check(view); missing != "" {
			return missing
		}
		seen = view
		return ""
	})
	return seen, took, err
}
