// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// count adds what each program saw to its result, and starts those again that follow nobody.
func (t *trial) count(ctx context.Context, f fault, from []int, began, ended time.Time, stuck []*writer, at *stays) error {
	view, err := t.world.Look(ctx, t.group)
	if err != nil {
		return err
	}
	master, one := view.Master()
	if !one {
		return fmt.Errorf("reading what was written: %s", view)
	}
	for i, w := range t.writers {
		lines, _ := w.since(from[i])
		k := key{client: w.client.name, way: w.way, settings: w.settings, fault: f.name}
		if t.results[k] == nil {
			t.results[k] = &result{}
		}
		r := t.results[k]
		r.add(lines, ended)
		lost, err := t.lost(ctx, master.Address, w.prefix, lines)
		if err != nil {
			return err
		}
		r.lost += lost
		r.atReplica = max(r.atReplica, at.longest(w.name))
		r.followed++
		for _, s := range stuck {
			if s != w {
				continue
			}
			r.followed--
			fmt.Fprintf(t.out, "  %s does not follow: %s\n", w.name, w.lastWords())
			if err := w.stop(); err != nil {
				return err
			}
			if err := w.start(ctx, t.target); err != nil {
				return err
			}
		}
		if gap, since := longestGap(lines, ended); gap > time.Second || lost > 0 || len(kindsOf(lines)) > 0 {
			fmt.Fprintf(t.out, "  %s: gap %d ms from %+d ms, %d lost, errors %v\n", w.name, gap.Milliseconds(), since.Sub(began).Milliseconds(), lost, kindsOf(lines))
		}
	}
	return nil
}

// lost counts acknowledged writes that the master does not have, and removes what it has: memory of the group is small.
func (t *trial) lost(ctx context.Context, master, prefix string, lines []line) (int, error) {
	var keys []string
	for _, one := range lines {
		if one.Error == "" {
			keys = append(keys, prefix+strconv.FormatInt(one.Number, 10))
		}
	}
	lost := len(keys)
	for chunk := range slices.Chunk(keys, 500) {
		removed, err := t.world.In(t.group, master).Unlink(ctx, chunk...).Result()
		if err != nil {
			return 0, fmt.Errorf("reading what was written: %w", err)
		}
		lost -= int(removed)
	}
	return lost, nil
}
