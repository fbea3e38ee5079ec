// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// findings counts by name what the sweep finds wrong, and keeps the first turns that show it.
type findings struct {
	// excuses cover the known differences from the rule. The first that holds takes the finding.
	excuses []excuse
	excused []int
	count   map[string]int
	shown   map[string][]string
}

// excuse says where a rule does not hold, and why that is accepted.
type excuse struct {
	why   string
	holds func(turn) bool
}

func (f *findings) add(name string, u turn) {
	if f.count == nil {
		f.count, f.shown, f.excused = map[string]int{}, map[string][]string{}, make([]int, len(f.excuses))
	}
	if i := slices.IndexFunc(f.excuses, func(e excuse) bool { return e.holds(u) }); i >= 0 {
		f.excused[i]++
		return
	}
	if f.count[name]++; f.count[name] <= 3 {
		f.shown[name] = append(f.shown[name], u.String())
	}
}

// report fails for each finding without an excuse, and for each excuse that is not needed: a list of known differences that
// only grows hides the next one.
func (f *findings) report(t *testing.T) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(f.count)) {
		t.Errorf("%s: %d turns, for example\n\t%s", name, f.count[name], strings.Join(f.shown[name], "\n\t"))
	}
	for i, e := range f.excuses {
		if f.excused == nil || f.excused[i] == 0 {
			if testing.Short() { // one world of many says nothing about that
				continue
			}
			t.Errorf("nothing needs this excuse any more: %s", e.why)
			continue
		}
		t.Logf("%d turns excused: %s", f.excused[i], e.why)
	}
}
