// SPDX-License-Identifier: Apache-2.0

package redisconf

import "strings"

// UserLine is a line of a file with users.
type UserLine struct {
	Name string
	// Text is the whole line, without space around it.
	Text string
}

// UserLines are the users of a file with users that are not this project's, and what there is to object to. Fit reports whether Redis
// would load it: it refuses a file for one line that it does not understand, and where such a line was left out instead, a user that
// the file keeps out could come in.
func UserLines(file, text string) (lines []UserLine, objections []Objection, fit bool) {
	fit = true
	seen := map[string]bool{}
	for n, line := range strings.Split(text, "\n") {
		object := func(directive, remedy string) {
			objections = append(objections, Objection{File: file, Line: n + 1, Directive: directive, Remedy: remedy})
		}
		line = strings.Trim(line, " \t\r")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name := UserName(line)
		switch {
		case name == "" || strings.ContainsAny(line, "\t\r\v\f\x00"):
			fit = false
			object("aclfile", `Redis would not load this line, so that none of the file has an effect: begin it with "user " and a name, put single spaces between words, and save the file as UTF-8 without a byte order mark, with a line end after each user`)
		case seen[name]:
			fit = false
			object("user "+name, "the user stands there twice, for which Redis would not load the file, so that none of it has an effect: keep one line")
		case ReservedUser(name):
			object("user "+name, "the line has no effect, "+remedyReserved)
		default:
			lines = append(lines, UserLine{Name: name, Text: line})
		}
		seen[name] = true
	}
	return lines, objections, fit
}
