// SPDX-License-Identifier: Apache-2.0

package redisconf

import (
	"slices"
	"strings"
)

// A user is one line, in a configuration file, in a file with users, and as ACL LIST shows it.

// UserName is the name in a line that declares a user; empty where it declares none.
func UserName(line string) string {
	words := splitWords(line)
	if len(words) < 2 || words[0] != "user" {
		return ""
	}
	return words[1]
}

// SetUserOf are the arguments of ACL SETUSER by which a server that runs gets the user that a line declares, and nothing of what it
// was before.
func SetUserOf(line string) []string {
	return append([]string{UserName(line), "reset"}, afterName(aclWords(line))...)
}

// hashOfNothing is the empty password, which Redis takes for one, as ACL LIST shows it.
const hashOfNothing = "#e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// WantsNoPassword reports whether the user of a line of ACL LIST is let in without a password, or with an empty one.
func WantsNoPassword(line string) bool {
	rules := afterName(splitWords(line))
	return slices.Contains(rules, "on") && hasNoPassword(rules)
}

func hasNoPassword(rules []string) bool {
	return slices.Contains(rules, "nopass") || slices.Contains(rules, hashOfNothing)
}

// afterName are the words of a line after the user's name, which may be any word itself.
func afterName(words []string) []string { return words[min(2, len(words)):] }

// KeptOut are the users whom a server, as ACL LIST shows them, does not let in although no password is wanted of them: where one is
// required, they were switched off.
func KeptOut(list string) []string {
	var names []string
	for line := range strings.Lines(list) {
		name, rules := UserName(line), afterName(splitWords(line))
		if !ReservedUser(name) && slices.Contains(rules, "off") && hasNoPassword(rules) {
			names = append(names, name)
		}
	}
	return names
}

// splitWords splits a line at what Redis takes for a space; a name may have others in it.
func splitWords(line string) []string {
	return strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(" \t\n\v\f\r", r) })
}

// aclWords splits a line of ACL LIST. A selector, in parentheses, is one word; a name may begin with one.
func aclWords(line string) []string {
	var words []string
	for _, w := range splitWords(line) {
		if n := len(words); n > 2 && strings.HasPrefix(words[n-1], "(") && !strings.HasSuffix(words[n-1], ")") {
			words[n-1] += " " + w
			continue
		}
		words = append(words, w)
	}
	return words
}
