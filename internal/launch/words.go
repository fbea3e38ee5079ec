// SPDX-License-Identifier: Apache-2.0

package launch

import (
	"maps"
	"path"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// word is a word of a command, as far as it can be known, and where it stands in the shell's text.
type word struct {
	// text has references where a value is hidden.
	text     string
	from, to int
	// after is where the word before it ends.
	after int
	// splits reports whether the shell may make several words of it, or none.
	splits bool
	// perhaps are the words that it becomes where a variable has a value, and none otherwise: ${NAME:+--option "$NAME"}.
	perhaps []string
}

// scope is what the variables of a shell are at a place of its script.
type scope struct {
	outer Variables
	// set are those that the script has set; hidden ones have a reference for a value.
	set map[string]string
	// forgotten reports whether something may have set any other variable.
	forgotten bool
	// dir is where the script has gone; empty where it is where it began.
	dir string
}

func (s *scope) copy() *scope { return &scope{s.outer, maps.Clone(s.set), s.forgotten, s.dir} }

// join is what is known after one of several ways was taken.
func (s *scope) join(ways ...*scope) {
	names := map[string]bool{}
	s.dir = ways[0].dir
	for _, w := range ways {
		if s.forgotten = s.forgotten || w.forgotten; w.dir != ways[0].dir {
			s.dir = unknown
		}
		for name := range w.set {
			names[name] = true
		}
	}
	for name := range names {
		first := ways[0].value(name)
		for _, w := range ways[1:] {
			if w.value(name) != first {
				first = reference(name)
			}
		}
		s.set[name] = first
	}
}

// forget gives up what is known of all variables: something was read that nobody can see.
func (s *scope) forget() { s.set, s.forgotten = map[string]string{}, true }

// enter follows the script into another directory.
func (s *scope) enter(words []string) {
	switch {
	case len(words) != 1 || hides(words[0]) || words[0] == "-" || s.dir == "" && !path.IsAbs(words[0]):
		s.dir = unknown
	case path.IsAbs(words[0]):
		s.dir = path.Clean(words[0])
	case s.dir != unknown:
		s.dir = path.Join(s.dir, words[0])
	}
}

// value is what a variable says, or its reference.
func (s *scope) value(name string) string {
	if text, ok := s.set[name]; ok {
		return text
	}
	if text, ok := s.outer.Value(name); ok && !s.forgotten {
		return text
	}
	return reference(name)
}

// word reads a word.
func (s *scope) word(w *syntax.Word) word {
	out := word{from: int(w.Pos().Offset()), to: int(w.End().Offset())} //nolint:gosec // offsets in a text
	if p, ok := alternative(w); ok && s.value(p.Param.Value) != "" {
		out.splits, out.perhaps = true, s.alternatives(p)
	}
	var b strings.Builder
	for i, p := range w.Parts {
		text, splits := s.part(p)
		if lit, ok := p.(*syntax.Lit); ok && i == 0 && (lit.Value == "~" || strings.HasPrefix(lit.Value, "~/")) {
			text = unknown + text[1:] // somebody's home
		}
		b.WriteString(text)
		out.splits = out.splits || splits
		if b.Len() > longest { // a variable of variables of variables may be any length
			out.text, out.splits = unknown, true
			return out
		}
	}
	out.text = b.String()
	return out
}

// unknown is a part of a word that nobody can see.
const unknown = "$(…)"

// part reads a part of a word that stands outside of quotes.
func (s *scope) part(p syntax.WordPart) (text string, splits bool) {
	switch p := p.(type) {
	case *syntax.Lit:
		return unescaped(p.Value, ""), strings.ContainsAny(p.Value, "*?[{~")
	case *syntax.SglQuoted:
		if p.Dollar && strings.Contains(p.Value, `\`) {
			return unknown, false
		}
		return p.Value, false
	case *syntax.DblQuoted:
		return s.quoted(p.Parts)
	case *syntax.ParamExp:
		text := s.parameter(p)
		return text, hides(text) || text == "" || strings.ContainsAny(text, " \t\n*?[")
	}
	return unknown, true
}

// quoted reads what stands in double quotes. Only "$@" becomes several words there.
func (s *scope) quoted(parts []syntax.WordPart) (text string, splits bool) {
	var b strings.Builder
	for _, p := range parts {
		if b.Len() > longest {
			break
		}
		switch p := p.(type) {
		case *syntax.Lit:
			b.WriteString(unescaped(p.Value, "$`\"\\\n"))
		case *syntax.ParamExp:
			b.WriteString(s.parameter(p))
			splits = splits || p.Param != nil && p.Param.Value == "@"
		default:
			b.WriteString(unknown)
		}
	}
	return b.String(), splits
}

// parameter reads a variable, with a value in its place where the script names one.
func (s *scope) parameter(p *syntax.ParamExp) string {
	if p.Param == nil || p.Excl || p.Length || p.Width || p.Index != nil || p.Slice != nil || p.Repl != nil || p.Names != 0 {
		return unknown
	}
	value := s.value(p.Param.Value)
	if p.Exp == nil || hides(value) {
		return value
	}
	switch p.Exp.Op {
	case syntax.AlternateUnsetOrNull:
		if value == "" {
			return ""
		}
		return unknown
	case syntax.DefaultUnsetOrNull, syntax.AssignUnsetOrNull:
		if value == "" && p.Exp.Word != nil {
			return s.word(p.Exp.Word).text
		}
		return value
	case syntax.DefaultUnset, syntax.AssignUnset, syntax.ErrorUnset, syntax.ErrorUnsetOrNull:
		return value
	default:
		return unknown
	}
}

// alternative is the variable of a word that is nothing but a text for where it has a value.
func alternative(w *syntax.Word) (*syntax.ParamExp, bool) {
	if len(w.Parts) != 1 {
		return nil, false
	}
	p, ok := w.Parts[0].(*syntax.ParamExp)
	return p, ok && p.Param != nil && p.Exp != nil && p.Exp.Word != nil && (p.Exp.Op == syntax.AlternateUnsetOrNull || p.Exp.Op == syntax.AlternateUnset)
}

// alternatives are the words of such a text.
func (s *scope) alternatives(p *syntax.ParamExp) []string {
	var all []string
	begun := false
	for _, part := range p.Exp.Word.Parts {
		lit, ok := part.(*syntax.Lit)
		if !ok {
			if !begun {
				all, begun = append(all, ""), true
			}
			text, splits := s.part(part)
			if splits && !hides(text) {
				return nil
			}
			all[len(all)-1] += text
			continue
		}
		for i, text := range strings.FieldsFunc(lit.Value, isBlank) {
			if i > 0 || !begun || isBlank(rune(lit.Value[0])) {
				all = append(all, "")
			}
			all[len(all)-1] += unescaped(text, "")
			begun = true
		}
		if n := len(lit.Value); n > 0 && isBlank(rune(lit.Value[n-1])) {
			begun = false
		}
	}
	return all
}

func isBlank(r rune) bool { return r == ' ' || r == '\t' || r == '\n' }

// unescaped removes backslashes: before any character outside of quotes, inside of them before some. One before the end of a line removes
// that too.
func unescaped(text, only string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || i+1 == len(text) || only != "" && strings.IndexByte(only, text[i+1]) < 0 {
			b.WriteByte(text[i])
			continue
		}
		if i++; text[i] != '\n' {
			b.WriteByte(text[i])
		}
	}
	return b.String()
}
