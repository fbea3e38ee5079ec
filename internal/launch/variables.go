// SPDX-License-Identifier: Apache-2.0

package launch

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// Variables are the environment of a container, as far as its manifest says it.
type Variables struct {
	// values are those that stand in the manifest, without references to others that do not.
	values map[string]string
	// texts are those that stand in the manifest, with references to others that do not.
	texts map[string]string
	// declared are all that the manifest names.
	declared map[string]bool
	// open reports whether there may be more, from ConfigMaps and Secrets as a whole.
	open bool
}

// longest is how much of a text is read, in bytes: no command line that people write comes near it, and a reader that goes down into it,
// or puts values into values, must not be made to take the memory of everybody.
const longest = 32 << 10

// VariablesOf reads the environment of a container.
func VariablesOf(c *corev1.Container) Variables {
	v := Variables{open: len(c.EnvFrom) > 0}
	if len(c.Env) > 0 {
		v.values, v.texts, v.declared = map[string]string{}, map[string]string{}, map[string]bool{}
	}
	for _, e := range c.Env {
		delete(v.values, e.Name) // the last one counts
		delete(v.texts, e.Name)
		if e.ValueFrom == nil {
			switch text, known := v.expand(e.Value); {
			case len(text) > longest: // a reference to a reference to a reference may be any length
			case known:
				v.values[e.Name] = text
				v.texts[e.Name] = text
			default:
				v.texts[e.Name] = text
			}
		}
		v.declared[e.Name] = true
	}
	return v
}

// Value is what a variable says; false where the manifest does not say it.
func (v Variables) Value(name string) (string, bool) {
	text, ok := v.values[name]
	return text, ok
}

// Text is what the manifest says of a variable, with references to values that it does not say.
func (v Variables) Text(name string) (string, bool) {
	text, ok := v.texts[name]
	return text, ok
}

// Declared reports whether the manifest names a variable, wherever its value is from.
func (v Variables) Declared(name string) bool { return v.declared[name] }

// Open reports whether a container may have variables that its manifest does not name.
func (v Variables) Open() bool { return v.open }

// reference is how a value that nobody can see stands in a word that was read: as the kubelet's own reference.
func reference(name string) string { return "$(" + name + ")" }

// hides reports whether a word that was read has a part that nobody can see.
func hides(text string) bool { return strings.Contains(text, "$(") }

// expand is a text after the kubelet has put in the values of variables; false where one of them is not known. A reference to a variable
// that does not exist stays as it is.
func (v Variables) expand(text string) (string, bool) {
	if !strings.Contains(text, "$") {
		return text, true
	}
	var b strings.Builder
	known := true
	for _, p := range v.parts(text) {
		b.WriteString(p.text)
		known = known && !p.hidden
		if b.Len() > longest+len(text) {
			break
		}
	}
	return b.String(), known
}

// part is a part of a text that the kubelet expands: what it becomes, and where it stands.
type part struct {
	text     string
	from, to int
	// hidden parts are values that nobody can see; text is their reference.
	hidden bool
}

// parts are what the kubelet makes of a text: "$$" is a dollar sign, and "$(NAME)" a value where the variable exists.
func (v Variables) parts(text string) []part {
	var all []part
	plain := func(from, to int) {
		if from < to {
			all = append(all, part{text: text[from:to], from: from, to: to})
		}
	}
	from := 0
	for i := 0; i+1 < len(text); i++ {
		if text[i] != '$' {
			continue
		}
		switch text[i+1] {
		case '$':
			plain(from, i)
			all = append(all, part{text: "$", from: i, to: i + 2})
			i++
			from = i + 1
		case '(':
			end := strings.IndexByte(text[i:], ')')
			if end < 0 {
				continue
			}
			name := text[i+2 : i+end]
			value, known := v.values[name]
			if !known && !v.declared[name] && !(v.open && isShouted(name)) {
				continue // nothing is put in; a shell takes it for a command
			}
			plain(from, i)
			p := part{text: value, from: i, to: i + end + 1}
			if !known {
				p.text, p.hidden = reference(name), true
			}
			all = append(all, p)
			i += end
			from = i + 1
		}
	}
	plain(from, len(text))
	return all
}

// isShouted reports whether a name looks like that of a variable, and not like a command.
func isShouted(name string) bool {
	return name != "" && strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") == "" && strings.ToUpper(name[:1]) == name[:1]
}
