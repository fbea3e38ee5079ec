// SPDX-License-Identifier: Apache-2.0

package redisconf

import (
	"path"
	"slices"
	"strings"
)

// HelloChannel is where Sentinels tell each other who is master. A Sentinel believes whatever it reads there on a server that it
// watches, about any group.
const HelloChannel = "__sentinel__:hello"

// publishing are the commands that send to a channel.
var publishing = [...]string{"publish", "spublish"}

// categories of those commands.
var publishCategories = [...]string{"pubsub", "fast"}

// GuardHello reads a line of ACL LIST and returns the arguments of ACL SETUSER, after the name, that keep this user from publishing
// on the hello channel and take nothing else from it; none where it cannot publish there anyway. It needs a server with selectors,
// Redis or Valkey from 7.0.
func GuardHello(line string) []string {
	words := aclWords(line)
	if len(words) < 2 {
		return nil
	}
	var root []string
	var sets [][]string // selectors
	for _, w := range words[2:] {
		if inner, ok := strings.CutPrefix(w, "("); ok {
			sets = append(sets, strings.Fields(strings.TrimSuffix(inner, ")")))
		} else {
			root = append(root, w)
		}
	}
	var change, added []string
	forbid := permissions(root).reachesHello()
	for _, command := range forbid {
		change = append(change, "-"+command)
	}
	added = appendSelector(added, root, forbid)
	rewritten := false
	for i, set := range sets {
		forbid := permissions(set).reachesHello()
		if len(forbid) == 0 {
			continue
		}
		rewritten = true
		added = appendSelector(added, set, forbid)
		for _, command := range forbid {
			sets[i] = append(sets[i], "-"+command)
		}
	}
	if !rewritten {
		return append(change, added...)
	}
	change = append(change, "clearselectors") // one selector cannot be changed alone
	for _, set := range sets {
		change = append(change, "("+strings.Join(set, " ")+")")
	}
	return append(change, added...)
}

// appendSelector gives back the commands that were forbidden, for every channel of the set but the hello channel.
func appendSelector(to, set, commands []string) []string {
	if len(commands) == 0 {
		return to
	}
	words := []string{"resetchannels"}
	for _, command := range commands {
		words = append(words, "+"+command)
	}
	for _, pattern := range permissions(set).channels {
		switch {
		case pattern == "*":
			words = append(words, allButHello()...)
		case !matchesHello(pattern):
			words = append(words, "&"+pattern)
		}
	}
	if len(words) == 1+len(commands) {
		return to
	}
	return append(to, "("+strings.Join(words, " ")+")")
}

// allButHello are the patterns of every channel that is not empty and not the hello channel: those that leave its name at one
// character, those that end before it does, and those that go on.
func allButHello() []string {
	var patterns []string
	for i := range len(HelloChannel) {
		if i > 0 {
			patterns = append(patterns, "&"+HelloChannel[:i])
		}
		patterns = append(patterns, "&"+HelloChannel[:i]+"[^"+HelloChannel[i:i+1]+"]*")
	}
	return append(patterns, "&"+HelloChannel+"?*")
}

// permitted is what one set of permissions says about publishing.
type permitted struct {
	commands []string
	channels []string
}

// permissions reads one set, as ACL LIST writes it: the last word about a command or a channel counts.
func permissions(words []string) permitted {
	var p permitted
	for _, w := range words {
		switch rest := w[1:]; {
		case w == "&*" || w == "allchannels":
			p.channels = []string{"*"}
		case w == "resetchannels":
			p.channels = nil
		case w[0] == '&':
			p.channels = append(p.channels, rest)
		case w == "allcommands" || w == "+@all":
			p.commands = publishing[:]
		case w == "nocommands" || w == "-@all":
			p.commands = nil
		case w[0] == '+' || w[0] == '-':
			p.commands = apply(p.commands, w[0] == '+', strings.ToLower(rest))
		}
	}
	return p
}

// apply changes what may be called by a command or a category.
func apply(now []string, allow bool, name string) []string {
	name, _, part := strings.Cut(name, "|")
	if part && !allow {
		return now // only subcommands can be taken away so, and these commands have none
	}
	named := []string{name}
	if category, ok := strings.CutPrefix(name, "@"); ok {
		if !slices.Contains(publishCategories[:], category) {
			return now
		}
		named = publishing[:]
	}
	var out []string
	for _, command := range publishing {
		if slices.Contains(named, command) && allow || slices.Contains(now, command) && (allow || !slices.Contains(named, command)) {
			out = append(out, command)
		}
	}
	return out
}

// reachesHello are the commands that may be called for the hello channel.
func (p permitted) reachesHello() []string {
	if !slices.ContainsFunc(p.channels, matchesHello) {
		return nil
	}
	return p.commands
}

// matchesHello reports whether a pattern includes the hello channel. One that cannot be read may.
func matchesHello(pattern string) bool {
	match, err := path.Match(pattern, HelloChannel)
	return match || err != nil
}
