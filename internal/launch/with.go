// SPDX-License-Identifier: Apache-2.0

package launch

import (
	"cmp"
	"slices"
)

// With is the command line that loads a file instead of the user's own. What is not about that stays as the user wrote it.
func (l Launch) With(file string) (command, args []string, err error) {
	command, args = slices.Clone(l.command), slices.Clone(l.args)
	if l.script != nil {
		text, ok := l.script.with(l.at(l.script.index), file)
		if !ok {
			return nil, nil, hiding("sh", "the command that starts the server is in a variable", remedyVisible)
		}
		if i := l.script.index; i < len(command) {
			command[i] = text
		} else {
			args[i-len(command)] = text
		}
		return command, args, nil
	}
	if l.Place != "" {
		return command, args, nil
	}
	c := l.Load(file)
	var before, after []string
	for i := range len(l.command) + len(l.args) {
		into := &before
		if i >= len(l.command) {
			into = &after
		}
		if i == l.first+c.At {
			*into = append(*into, c.Insert...)
		}
		if i < l.first || !c.Drop[i-l.first] {
			*into = append(*into, l.at(i))
		}
	}
	if l.first+c.At == len(l.command)+len(l.args) {
		after = append(after, c.Insert...)
	}
	return before, after, nil
}

// at is an element of command and args together.
func (l Launch) at(i int) string {
	if i < len(l.command) {
		return l.command[i]
	}
	return l.args[i-len(l.command)]
}

// with is the script whose servers load a file.
func (s *script) with(original, file string) (string, bool) {
	var edits []edit
	for i, start := range s.starts {
		for _, w := range start.gone {
			edits = append(edits, s.text.without(w))
		}
		c := s.read[i].Load(file)
		for at, w := range start.words {
			if at == c.At {
				end := start.words[at-1].to
				edits = append(edits, edit{from: end, to: end, with: " " + file})
			}
			if !c.Drop[at] {
				continue
			}
			if w.splits && w.text != s.text.expanded[w.from:w.to] { // only a part of what stands there
				return "", false
			}
			edits = append(edits, s.text.without(w))
		}
		if c.At == len(start.words) {
			end := start.words[len(start.words)-1].to
			edits = append(edits, edit{from: end, to: end, with: " " + file})
		}
	}
	slices.SortStableFunc(edits, func(a, b edit) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) })
	return s.text.apply(original, edits)
}
