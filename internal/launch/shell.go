// SPDX-License-Identifier: Apache-2.0

package launch

import (
	"slices"
	"strings"
)

// shells run scripts.
var shells = []string{"sh", "bash", "ash", "dash", "zsh", "ksh"}

// shellLine reads what follows the name of a shell: the file of a script, or the index of a script that stands there itself; ok reports
// the latter.
func shellLine(rest []string) (file string, script int, ok bool) {
	commands := false
	for i := 0; i < len(rest); i++ {
		word := rest[i]
		switch {
		case word == "-o" || word == "+o" || word == "-O" || word == "--rcfile" || word == "--init-file":
			i++
		case word == "--" && i+1 < len(rest):
			return whatFollows(rest, i+1, commands)
		case strings.HasPrefix(word, "--"):
		case len(word) > 1 && (word[0] == '-' || word[0] == '+'):
			commands = commands || word[0] == '-' && strings.Contains(word, "c")
			if strings.HasSuffix(word, "o") { // as in -euo pipefail
				i++
			}
		default:
			return whatFollows(rest, i, commands)
		}
	}
	return "", 0, false
}

func whatFollows(rest []string, at int, commands bool) (file string, script int, ok bool) {
	if commands {
		return "", at, true
	}
	return rest[at], 0, false
}

// isShell reports whether a word is the name of a shell, or of a box that begins with one.
func isShell(name string) bool { return slices.Contains(shells, name) }
