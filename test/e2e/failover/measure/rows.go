// SPDX-License-Identifier: Apache-2.0

package measure

import (
	"cmp"
	"maps"
	"slices"
)

// Row sums up what one writer saw in all rounds of a fault and an arm.
type Row struct {
	Fault, Arm, Server, Path, Client string
	// Rounds counts all rounds, Failed those of them in which something did not become whole.
	Rounds, Failed int
	Gap            Spread // milliseconds
	Kept           Spread // milliseconds, of the gap between writes that were kept
	Lost           Spread
	LostAge        float64 // milliseconds, the greatest of all rounds
	Acks, Errors   int
	Kinds          map[string]int // of errors
}

// Rows sums up rounds by server, fault, arm and writer, in that order.
func Rows(rounds []Round) []Row {
	type key struct{ server, fault, arm, path, client string }
	type numbers struct {
		row              Row
		gaps, kept, lost []float64
	}
	all := map[key]*numbers{}
	for _, round := range rounds {
		for _, writer := range round.Writers {
			k := key{round.Server, round.Fault, round.Arm, writer.Path, writer.Client}
			if all[k] == nil {
				all[k] = &numbers{row: Row{Fault: k.fault, Arm: k.arm, Server: k.server, Path: k.path, Client: k.client, Kinds: map[string]int{}}}
			}
			n := all[k]
			n.row.Rounds++
			if round.Failed != "" {
				n.row.Failed++
			}
			n.row.Acks += writer.Acks
			n.row.Errors += writer.ErrorSum()
			n.row.LostAge = max(n.row.LostAge, writer.LostAge)
			for kind, count := range writer.Errors {
				n.row.Kinds[kind] += count
			}
			n.gaps, n.kept, n.lost = append(n.gaps, writer.Gap), append(n.kept, writer.Kept), append(n.lost, float64(writer.Lost))
		}
	}
	rows := make([]Row, 0, len(all))
	for _, n := range all {
		n.row.Gap, n.row.Kept, n.row.Lost = SpreadOf(n.gaps), SpreadOf(n.kept), SpreadOf(n.lost)
		rows = append(rows, n.row)
	}
	slices.SortFunc(rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(a.Server, b.Server), cmp.Compare(a.Fault, b.Fault), cmp.Compare(armOrder(a.Arm), armOrder(b.Arm)),
			cmp.Compare(a.Path, b.Path), cmp.Compare(b.Client, a.Client))
	})
	return rows
}

func armOrder(arm string) int { return slices.Index([]string{Ours, Plain, Coordinated}, arm) }

// KindsByCount are the kinds of errors, the frequent ones first.
func (r Row) KindsByCount() []string {
	return slices.SortedFunc(maps.Keys(r.Kinds), func(a, b string) int {
		return cmp.Or(cmp.Compare(r.Kinds[b], r.Kinds[a]), cmp.Compare(a, b))
	})
}
