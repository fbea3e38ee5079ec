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
	// told are the lines that the server has, by user. Nil: nobody knows, because the agent has just started, perhaps beside a server
	// that has what an agent of before told it.
	told map[string]string
}

// shut is the default user where nobody can tell what the user's file allows.
const shut = "user default off"

// open is the default user where a file does not name it: as a server without a file has it.
const open = "user default on nopass ~* &* +@all"

// merged is the file that Redis loads: the user's users and ours. Where the user's file cannot be read, nobody but ours may enter:
// a server without its passwords would be open to everybody.
func (f *aclFile) merged(ours []redisconf.User) (string, []redisconf.Objection) {
	raw, err := os.ReadFile(f.path)
	var b strings.Builder
	var objections []redisconf.Objection
	if err != nil {
		objections = append(objections, redisconf.Objection{
			File: f.path, Directive: "aclfile", Remedy: "the agent cannot read it, so that no client may enter: let it lie in a volume that the Redis container mounts from a ConfigMap or Secret",
		})
		b.WriteString(shut + "\n")
	} else {
		_, objections = usersIn(f.path, string(raw))
		for line := range strings.Lines(string(raw)) {
			name := redisconf.UserName(line)
			if name == "" || redisconf.ReservedUser(name) {
				continue
			}
			b.WriteString(strings.TrimSpace(line))
			if i := slices.IndexFunc(ours, func(u redisconf.User) bool { return u.Name == name }); i >= 0 { // its passwords are a Secret's
				b.WriteString(" resetpass #" + strings.Join(ours[i].Hashes, " #"))
				ours = slices.Delete(slices.Clone(ours), i, i+1)
			}
			b.WriteByte('\n')
		}
	}
	for _, u := range ours {
		b.WriteString(u.Line() + "\n")
	}
	return b.String(), objections
}

// usersIn are the lines of a file by user, and what the agent objects to in it.
func usersIn(file, text string) (map[string]string, []redisconf.Objection) {
	lines := map[string]string{"default": open}
	var objections []redisconf.Objection
	n := 0
	for line := range strings.Lines(text) {
		n++
		switch name := redisconf.UserName(line); {
		case name == "":
		case redisconf.ReservedUser(name):
			objections = append(objections, redisconf.Objection{File: file, Line: n, Directive: "user " + name, Remedy: "the name is kept for this project's own users, and the line has no effect: use another"})
		default:
			lines[name] = strings.TrimSpace(line)
		}
	}
	return lines, objections
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
// the server has, for when nobody knows what it was told. The change counts as made once it is told.
func (f *aclFile) changed(present []string) (change, []redisconf.Objection, bool) {
	raw, err := os.ReadFile(f.path)
	if err != nil { // one that cannot be read for a moment is no order to delete users
		return change{}, nil, false
	}
	c := change{}
	var objections []redisconf.Objection
	c.lines, objections = usersIn(f.path, string(raw))
	if f.told != nil && maps.Equal(f.told, c.lines) {
		return change{}, nil, false
	}
	for _, name := range slices.Sorted(maps.Keys(c.lines)) {
		line := c.lines[name]
		if f.told == nil && line == open { // the file does not name it, and a server without a word of it may have been told more
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
