// SPDX-License-Identifier: Apache-2.0

package launch

import "strings"

// text is a script as the shell gets it, and where each byte of it stands in what the user wrote.
type text struct {
	expanded string
	// at is, for each byte of expanded and for its end, where it stands in the original; negative inside of what the kubelet puts in.
	at []int
}

// expanded is what the shell gets.
func expanded(original string, v Variables) text {
	var b strings.Builder
	var at []int
	for _, p := range v.parts(original) {
		if b.Len() > longest {
			break // it is not read at all
		}
		same := p.text == original[p.from:p.to]
		for i := range len(p.text) {
			switch {
			case same:
				at = append(at, p.from+i)
			case i == 0:
				at = append(at, p.from)
			default:
				at = append(at, -1)
			}
		}
		b.WriteString(p.text)
	}
	return text{b.String(), append(at, len(original))}
}

// edit replaces what stands in a range of the shell's text; an empty range inserts.
type edit struct {
	from, to int
	with     string
}

// without takes out a word, and the blanks before it; not a redirection that stands there.
func (t text) without(w word) edit {
	from := w.from
	for from > w.after {
		switch before := t.expanded[:from]; {
		case strings.HasSuffix(before, " "), strings.HasSuffix(before, "\t"):
			from--
		case strings.HasSuffix(before, "\\\n") && from-2 >= w.after:
			from -= 2
		default:
			return edit{from: from, to: w.to}
		}
	}
	return edit{from: from, to: w.to}
}

// apply makes edits, which are sorted and do not overlap, in what the user wrote; false where one of them would cut a value that the
// kubelet puts in.
func (t text) apply(original string, edits []edit) (string, bool) {
	var b strings.Builder
	done := 0
	for _, e := range edits {
		from, to := t.at[e.from], t.at[e.to]
		if from < 0 || to < 0 {
			return "", false
		}
		b.WriteString(original[done:from])
		b.WriteString(e.with)
		done = to
	}
	b.WriteString(original[done:])
	return b.String(), true
}
