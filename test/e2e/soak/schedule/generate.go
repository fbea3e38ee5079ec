// SPDX-License-Identifier: Apache-2.0

package schedule

import (
	"math/rand/v2"
	"time"
)

// pairs is the share of steps with two faults, in percent.
const pairs = 30

// apart bounds the time between the two faults of a step: a handover or a failover is under way then.
const apart = 3 * time.Second

// Generator makes steps, the same ones in the same order for the same seed.
type Generator struct {
	random *rand.Rand
	kinds  []traits
	total  int
}

// New is a generator. Without the node in reach it leaves out the kinds that need it.
func New(seed uint64, node bool) *Generator {
	//nolint:gosec // the same numbers each time are what a seed is for
	g := &Generator{random: rand.New(rand.NewPCG(seed, seed))}
	for _, kind := range kinds {
		if node || !kind.node {
			g.kinds = append(g.kinds, kind)
			g.total += kind.weight
		}
	}
	return g
}

// Next is the next step.
func (g *Generator) Next() Step {
	step := Step{g.fault()}
	if g.random.IntN(100) >= pairs {
		return step
	}
	for {
		second := g.fault()
		second.After = time.Duration(g.random.Int64N(int64(apart))).Round(time.Millisecond)
		if both := append(step[:1:1], second); both.Survivable() {
			return both
		}
	}
}

func (g *Generator) fault() Fault {
	chosen := g.random.IntN(g.total)
	for _, kind := range g.kinds {
		if chosen -= kind.weight; chosen >= 0 {
			continue
		}
		fault := Fault{Kind: kind.kind, Target: kind.targets[g.random.IntN(len(kind.targets))]}
		if kind.most > 0 {
			fault.For = kind.least + time.Duration(g.random.Int64N(int64(kind.most-kind.least))).Round(time.Millisecond)
		}
		return fault
	}
	panic("the weights of the kinds changed")
}
