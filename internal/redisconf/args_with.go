// SPDX-License-Identifier: Apache-2.0

package redisconf

// Changes say how the words of a command change, so that the server loads another configuration file, which includes the user's own.
type Changes struct {
	// Drop are the words that are left out, by index: the user's own file, and what the agent says itself.
	Drop []bool
	// At is the index of the word before which Insert comes; the number of words stands for the end.
	At     int
	Insert []string
}

// Load returns how the server that these words start loads a file. Options stay behind it, so that they win over it.
func (inv Invocation) Load(file string) Changes {
	c := Changes{Drop: inv.drops(), At: inv.first, Insert: []string{file}}
	if inv.server < 0 {
		c.Insert = []string{inv.serverName(), file}
	}
	if inv.config >= 0 {
		c.At, c.Drop[inv.config] = inv.config, true
	}
	return c
}

func (inv Invocation) serverName() string {
	switch {
	case inv.Server != "":
		return inv.Server
	case inv.Program == ProgramUnsaid:
		return string(ProgramRedis)
	}
	return string(inv.Program)
}
