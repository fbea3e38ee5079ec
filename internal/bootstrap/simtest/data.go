// SPDX-License-Identifier: Apache-2.0

package simtest

// version is the state of a data set after one write; its parents are what was there before. The empty data set is nil.
type version struct {
	parent *version
	// root names the history's first write: two data sets of one history have the same root.
	root string
	keys int64
	// write is the number of the write that made it.
	write int
}

// keysOf counts the keys of a data set.
func keysOf(v *version) int64 {
	if v == nil {
		return 0
	}
	return v.keys
}

// holds reports whether a data set contains a write.
func holds(v *version, write int) bool {
	for ; v != nil && v.write >= write; v = v.parent {
		if v.write == write {
			return true
		}
	}
	return false
}
