// SPDX-License-Identifier: Apache-2.0

package simtest

import "slices"

// Shrink removes steps from a script, one after the other, as long as the same rule still breaks.
func Shrink(s Script, deciders Deciders, rule Rule) Script {
	breaks := func(s Script) bool {
		v := Run(s, deciders, false).Violation
		return v != nil && v.Rule == rule
	}
	for again := true; again; {
		again = false
		for i := range s.Steps {
			less := s
			less.Steps = slices.Delete(slices.Clone(s.Steps), i, i+1)
			if breaks(less) {
				s, again = less, true
				break
			}
		}
	}
	return s
}
