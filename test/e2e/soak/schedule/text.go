// SPDX-License-Identifier: Apache-2.0

package schedule

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// String is the step as Parse reads it: "cut-all master for 12s + handover group after 300ms".
func (s Step) String() string {
	faults := make([]string, len(s))
	for i, fault := range s {
		faults[i] = fault.String()
	}
	return strings.Join(faults, " + ")
}

func (f Fault) String() string {
	text := string(f.Kind) + " " + string(f.Target)
	if f.For > 0 {
		text += " for " + f.For.String()
	}
	if f.After > 0 {
		text += " after " + f.After.String()
	}
	return text
}

// Text is a schedule, a step a line.
func Text(steps []Step) string {
	var text strings.Builder
	for _, step := range steps {
		text.WriteString(step.String() + "\n")
	}
	return text.String()
}

// Parse reads what Text wrote. Lines may be taken out; empty ones and those that begin with # are left out.
func Parse(text string) ([]Step, error) {
	var steps []Step
	for number, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		var step Step
		for one := range strings.SplitSeq(line, "+") {
			fault, err := parseFault(strings.Fields(one))
			if err != nil {
				return nil, fmt.Errorf("reading line %d of a schedule, %q: %w", number+1, line, err)
			}
			step = append(step, fault)
		}
		steps = append(steps, step)
	}
	return steps, nil
}

func parseFault(words []string) (Fault, error) {
	if len(words) < 2 || len(words)%2 != 0 {
		return Fault{}, fmt.Errorf("a fault is a kind and a target, and pairs of words behind them, not %q", words)
	}
	fault := Fault{Kind: Kind(words[0]), Target: Target(words[1])}
	known := fault.traits()
	if known.kind == "" || !slices.Contains(known.targets, fault.Target) {
		return Fault{}, fmt.Errorf("there is no fault %s of %s", fault.Kind, fault.Target)
	}
	for pair := range slices.Chunk(words[2:], 2) {
		time, err := time.ParseDuration(pair[1])
		switch {
		case err != nil:
			return Fault{}, fmt.Errorf("reading a time: %w", err)
		case pair[0] == "for":
			fault.For = time
		case pair[0] == "after":
			fault.After = time
		default:
			return Fault{}, fmt.Errorf("a time is said by for or after, not by %q", pair[0])
		}
	}
	if (fault.For > 0) != (known.most > 0) {
		return Fault{}, fmt.Errorf("%s of %s: it lasts, or it does not", fault.Kind, fault.Target)
	}
	return fault, nil
}
