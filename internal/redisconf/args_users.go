// SPDX-License-Identifier: Apache-2.0

package redisconf

import (
	"slices"
	"strings"
)

// dropped are options that have no place in a group: how a replica presents itself to its master is the agent's to say, and Redis
// takes users from one file, which the agent writes.
var dropped = []string{"masterauth", "masteruser", "primaryauth", "primaryuser", "aclfile"}

// IsDropped reports whether an option is one of those.
func IsDropped(name string) bool { return slices.Contains(dropped, name) }

// noteUsers looks at an option about passwords and users.
func (inv *Invocation) noteUsers(i int, o Option) error {
	value := strings.Join(o.Values, " ")
	switch {
	case o.Name == "aclfile" && strings.Contains(value, "$("):
		return hidden("file with users", "--aclfile "+value)
	case o.Name == "aclfile":
		inv.ACLFile, inv.HasPassword = value, inv.HasPassword || value != ""
	case o.Name == "requirepass", o.Name == "user":
		given := value != "" && value != `""`
		inv.HasPassword = inv.HasPassword || given
		inv.NamesDefault = inv.NamesDefault || given && (o.Name == "requirepass" || strings.Trim(splitWords(value)[0], `"'`) == "default")
	}
	if slices.Contains(dropped, o.Name) && inv.shared(i) {
		return &ArgumentError{Kind: ErrOption, Subject: "--" + o.Name, Remedy: "write it as an argument of its own: the agent has to leave it out"}
	}
	return nil
}

// shared reports whether an option stands in one element with another.
func (inv *Invocation) shared(i int) bool {
	same := func(j int) bool { return j >= 0 && j < len(inv.elements) && inv.elements[j] == inv.elements[i] }
	return same(i-1) || same(i+1)
}

// Dropped are the options that Load leaves out.
func (inv Invocation) Dropped() []string {
	var names []string
	for _, o := range inv.Options {
		if slices.Contains(dropped, o.Name) && inv.Program != ProgramSentinel {
			names = append(names, o.Name)
		}
	}
	return names
}

// drops are the words that are left out.
func (inv Invocation) drops() []bool {
	out := make([]bool, inv.ends)
	if inv.Program == ProgramSentinel {
		return out
	}
	for i, o := range inv.Options {
		if !slices.Contains(dropped, o.Name) {
			continue
		}
		end := inv.ends
		if i+1 < len(inv.elements) {
			end = inv.elements[i+1]
		}
		for at := inv.elements[i]; at < end; at++ {
			out[at] = true
		}
	}
	return out
}
