// SPDX-License-Identifier: Apache-2.0

package redisagent

import (
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/redisconf"
)

// aclFile is the user's own file with users. Redis takes users from one file only, so the agent puts its own to them in a file
// that it writes, and changes the running server when the user's file changes: loading a file would close the connections of
// every user.
type aclFile struct {
	path string
	// shutDefault reports whether the default user is switched off where the file does not name it.
	shutDefault bool
	// told are the lines that the server has, by user. Nil: nobody knows, because the agent has just started, perhaps beside a server
	// that has what an agent of before told it.
	told map[string]string
	// last is what the file had when it was last one that Redis could load; nil before.
	last []redisconf.UserLine
	// refused are, by user, lines that the server refused, and what it has instead: a file with such a line would keep it from starting.
	refused map[string]refusedLine
	// objected is the text that was last objected to as a whole.
	objected string
}

// refusedLine is a line that the server refused. Before is empty where it had none.
type refusedLine struct{ line, before string }

// shut is the default user where nobody can tell what the user's file allows.
const shut = "user default off"

// unread begins the text of a file that cannot be read.
const unread = "unread: "

// open is the default user where a file does not name it: as a server without a file has it.
const open = "user default on nopass ~* &* +@all"

// read reads the file. It is not fit where it cannot be read, Redis would not load it, or it has lost all of its users; the objections
// then say why.
func (f *aclFile) read() (lines []redisconf.UserLine, text string, objections []redisconf.Objection, fit bool) {
	raw, err := os.ReadFile(f.path)
	if err != nil {
		return nil, unread + err.Error(), []redisconf.Objection{{
			File: f.path, Directive: "aclfile", Remedy: "the agent cannot read it, so that no client may enter: let it lie in a volume that the Redis container mounts, where others than its owner may read it",
		}}, false
	}
	text = string(raw)
	lines, objections, fit = redisconf.UserLines(f.path, text)
	if fit && len(lines) == 0 && len(f.last) > 0 {
		text = "emptied: " + text // nothing was objected to that text yet, whatever it is
		fit, objections = false, append(objections, redisconf.Objection{
			File: f.path, Directive: "aclfile", Remedy: `it has no user any more, which would let everybody in; the users stay as they are. To let everybody in write "` + open + `"`,
		})
	}
	return lines, text, objections, fit
}

// merged is the file that Redis loads: the user's users and ours. Where the user's file cannot be read, or Redis would not load it, it
// is as it was; and where it never was nobody but ours may enter: a server without its passwords would be open to everybody.
func (f *aclFile) merged(ours []redisconf.User) (string, []redisconf.Objection) {
	lines, text, objections, fit := f.read()
	switch {
	case fit:
		f.last = lines
	case f.last != nil:
		lines = f.last
	default:
		lines = []redisconf.UserLine{{Name: "default", Text: shut}}
		if strings.HasPrefix(text, unread) {
			objections = nil // an init container may still have to write it: it is said once Redis runs
		} else {
			f.objected = text
		}
	}
	if f.shutDefault && !named(lines, "default") {
		lines = append([]redisconf.UserLine{{Name: "default", Text: redisconf.ShutDefault}}, lines...)
	}
	var b strings.Builder
	for _, line := range lines {
		if r, ok := f.refused[line.Name]; ok && r.line == line.Text {
			if line.Text = r.before; line.Text == "" && line.Name == "default" {
				line.Text = shut
			}
		}
		if line.Text == "" {
			continue
		}
		b.WriteString(line.Text)
		if i := slices.IndexFunc(ours, func(u redisconf.User) bool { return u.Name == line.Name }); i >= 0 { // its passwords are a Secret's
			b.WriteString(" on resetpass #" + strings.Join(ours[i].Hashes, " #"))
			ours = slices.Delete(slices.Clone(ours), i, i+1)
		}
		b.WriteByte('\n')
	}
	for _, u := range ours {
		b.WriteString(u.Line() + "\n")
	}
	return b.String(), objections
}

func named(lines []redisconf.UserLine, name string) bool {
	return slices.ContainsFunc(lines, func(l redisconf.UserLine) bool { return l.Name == name })
}

// change is what has to be told to the server.
type change struct {
	// set are the arguments of ACL SETUSER, and deleted the users that are gone.
	set     [][]string
	deleted []string
	// lines are what the server has then.
	lines map[string]string
}

// changed reads the file again, and compares it with what the server was told; false where it has all of it. Present are the users that
// the server has, for when nobody knows what it was told. The change counts as made once it is told. One that is not fit is no order to
// delete users.
func (f *aclFile) changed(present []string) (change, []redisconf.Objection, bool) {
	lines, text, objections, fit := f.read()
	if !fit {
		if text == f.objected {
			return change{}, nil, false
		}
		f.objected = text
		return change{}, objections, false
	}
	f.objected = ""
	c := change{lines: map[string]string{"default": open}}
	if f.shutDefault {
		c.lines["default"] = redisconf.ShutDefault
	}
	for _, line := range lines {
		c.lines[line.Name] = line.Text
	}
	if f.told != nil && maps.Equal(f.told, c.lines) {
		return change{}, nil, false
	}
	for _, name := range slices.Sorted(maps.Keys(c.lines)) {
		line := c.lines[name]
		if f.told == nil && !named(lines, name) { // the file does not name it, and a server without a word of it may have been told more
			continue
		}
		if f.told == nil || f.told[name] != line {
			c.set = append(c.set, redisconf.SetUserOf(line))
		}
	}
	before := present
	if f.told != nil {
		before = slices.Sorted(maps.Keys(f.told))
	}
	for _, name := range before {
		if _, still := c.lines[name]; !still && !redisconf.ReservedUser(name) {
			c.deleted = append(c.deleted, name)
		}
	}
	return c, objections, true
}

// tell notes what the server was told, and which users it refused. It reports whether the file has to be written again without those.
func (f *aclFile) tell(c change, refused []string) bool {
	before := func(name string) string { // what the server has of him
		if r, ok := f.refused[name]; ok && r.line == f.told[name] {
			return r.before
		}
		return f.told[name]
	}
	still := map[string]refusedLine{}
	for name, r := range f.refused {
		if r.line == c.lines[name] { // it was not told again
			still[name] = r
		}
	}
	for _, name := range refused {
		still[name] = refusedLine{line: c.lines[name], before: before(name)}
	}
	f.refused, f.told = still, c.lines
	return len(refused) > 0
}
