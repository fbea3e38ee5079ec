// SPDX-License-Identifier: Apache-2.0

package launch

import (
	"fmt"
	"slices"
	"strings"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/redisconf"
)

// servers are the servers that a script starts, if each of its ways ends in one of them.
func (r *reader) servers(shell string) ([]start, error) {
	if len(r.starts) == 0 {
		what := "its script starts no redis-server or valkey-server"
		if len(r.files) > 0 {
			what += fmt.Sprintf(", and what %s does "+Unseen, r.files[len(r.files)-1])
		}
		return nil, hiding(shell, what, remedyFile)
	}
	if len(r.ends) > 0 {
		return nil, hiding(shell, fmt.Sprintf("one of its ways ends in %s, and what that does "+Unseen, r.ends[0]), remedyFile)
	}
	for _, s := range r.starts {
		if s.dir != r.starts[0].dir {
			return nil, hiding(shell, "its script starts servers in different directories", "go to the same before each")
		}
		if s.way.hides != "" {
			return nil, hiding(shell, fmt.Sprintf("line %d of its script starts %s %s", s.line, s.words[0].text, s.way.hides), remedyLast)
		}
		if !s.way.last && !s.replaces {
			return nil, hiding(shell, fmt.Sprintf("its script goes on after %s, in line %d, has ended", s.words[0].text, s.line), remedyLast)
		}
	}
	return r.starts, nil
}

// invocation reads the words of a command that starts a server.
func (s *start) invocation() (redisconf.Invocation, error) {
	var words []word
	for i, w := range s.words {
		switch {
		case !w.splits:
			words = append(words, w)
		case len(w.perhaps) > 0 && isOption(w.perhaps[0]) && (i+1 == len(s.words) || beginsOption(s.words[i+1])): // whatever follows is no value of it
			for _, one := range w.perhaps {
				if name := strings.TrimPrefix(strings.ToLower(one), "--"); isOption(one) && redisconf.IsDropped(name) {
					return redisconf.Invocation{}, &redisconf.ArgumentError{
						Kind: redisconf.ErrOption, Subject: one, What: fmt.Sprintf("line %d of the script has it only where a variable has a value", s.line),
						Remedy: "take it out of there: the agent says how a replica presents itself, and reads files with users",
					}
				}
				words = append(words, word{text: one, from: w.from, to: w.to, after: w.after, splits: true})
			}
		case !hides(w.text):
			for _, one := range strings.Fields(w.text) {
				words = append(words, word{text: one, from: w.from, to: w.to, after: w.after, splits: true})
			}
		case i > 1 && isOption(s.words[i-1].text): // the value of an option
			words = append(words, w)
		default:
			return redisconf.Invocation{}, &redisconf.ArgumentError{
				Kind: redisconf.ErrOption, Subject: w.text,
				What:   fmt.Sprintf("line %d of the script has an argument that may be any number of them", s.line),
				Remedy: remedyVisible,
			}
		}
	}
	s.words = words
	return redisconf.Parse(texts(words))
}

// masters are options that name a master.
var masters = []string{"--replicaof", "--slaveof"}

// overrule takes options that name a master out of the servers that have them, where another branch of the script starts one without: so
// each pod of a set decides what it is. Where all have them, they follow somebody outside of the group, and that is refused elsewhere.
func overrule(starts []start) []string {
	has := func(s start) bool {
		return slices.ContainsFunc(s.words, func(w word) bool { return slices.Contains(masters, strings.ToLower(w.text)) })
	}
	if !slices.ContainsFunc(starts, func(s start) bool { return !has(s) }) {
		return nil
	}
	var names []string
	for i := range starts {
		if s := &starts[i]; has(*s) {
			names = append(names, fmt.Sprintf("line %d: %s", s.line, s.leaveMaster()))
		}
	}
	return names
}

// leaveMaster takes the options out of one command, and returns how it wrote them.
func (s *start) leaveMaster() string {
	var kept []word
	var gone []string
	going := false
	for _, w := range s.words {
		if isOption(w.text) {
			going = slices.Contains(masters, strings.ToLower(w.text))
		}
		if !going {
			kept = append(kept, w)
			continue
		}
		gone = append(gone, w.text)
		s.gone = append(s.gone, w)
	}
	s.words = kept
	return strings.Join(gone, " ")
}

// beginsOption reports whether a word begins an option, or is one where it is anything.
func beginsOption(w word) bool {
	return isOption(w.text) || len(w.perhaps) > 0 && isOption(w.perhaps[0])
}

func isOption(word string) bool { return strings.HasPrefix(word, "--") && len(word) > 2 }

// common is what the servers of a script have in common. What decides how a group is kept has to be the same in all of them.
func common(all []redisconf.Invocation) (redisconf.Invocation, error) {
	inv := all[0]
	for _, other := range all[1:] {
		for _, differ := range []struct {
			what string
			it   bool
		}{
			{"programs", other.Program != inv.Program},
			{"configuration files", other.ConfigFile != inv.ConfigFile},
			{"ports", other.Port != inv.Port},
			{"directories", other.Dir != inv.Dir},
			{"files with users", other.ACLFile != inv.ACLFile},
		} {
			if differ.it {
				return inv, hiding("sh", "its script starts servers with different "+differ.what, "give all of them the same")
			}
		}
		inv.HasPassword = inv.HasPassword && other.HasPassword
		inv.NamesDefault = inv.NamesDefault || other.NamesDefault
	}
	return inv, nil
}
