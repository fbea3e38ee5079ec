// SPDX-License-Identifier: Apache-2.0

package redisconf

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Objection is a line of the user's own redis.conf that the agent cannot work with, or that has no effect.
type Objection struct {
	// File is where it stands, and Line counts from 1 there; 0 stands for the whole file.
	File string
	Line int
	// Directive is its name, without a value that may be a password.
	Directive string
	// Remedy is a sentence for the user.
	Remedy string
}

func (o Objection) String() string {
	if o.Line == 0 {
		return fmt.Sprintf("%s: %s: %s", o.File, o.Directive, o.Remedy)
	}
	return fmt.Sprintf("%s line %d, %s: %s", o.File, o.Line, o.Directive, o.Remedy)
}

// Objections judges the user's own redis.conf by the rules for options. What the generated file, which comes after it,
// overrules without harm is not among them; files that it includes are not read. Port is the group's, which the generated file says.
func Objections(file, text string, port int) []Objection {
	var all []Objection
	n := 0
	for line := range strings.Lines(text) {
		n++
		words := confWords(line)
		if len(words) == 0 {
			continue
		}
		o := Option{Name: words[0], Values: words[1:]}
		if o.Name == "user" && len(words) > 1 && ReservedUser(words[1]) {
			all = append(all, Objection{File: file, Line: n, Directive: "user " + words[1], Remedy: remedyReserved})
		}
		if o.Name == "port" && strings.Join(o.Values, "") != strconv.Itoa(port) {
			all = append(all, Objection{File: file, Line: n, Directive: "port " + strings.Join(o.Values, " "), Remedy: fmt.Sprintf(remedyPort, port)})
		}
		if o.Name == bufferLimit && tightBuffer(o.Values) != "" {
			all = append(all, Objection{File: file, Line: n, Directive: o.Name + " replica " + tightBuffer(o.Values), Remedy: remedyBuffer})
		}
		i := slices.IndexFunc(rules, func(r rule) bool { return !r.sentinelOnly && slices.Contains(r.names, o.Name) })
		if i >= 0 && !rules[i].overlaid && !rules[i].allows(o) {
			name := o.Name
			if o.Name == "rename-command" {
				name = strings.TrimSpace(o.Name + " " + shown(o))
			}
			all = append(all, Objection{File: file, Line: n, Directive: name, Remedy: rules[i].remedy})
		}
	}
	return all
}
