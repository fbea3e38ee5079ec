// SPDX-License-Identifier: Apache-2.0

package redisconf

import "slices"

// With is the command line that loads confPath instead of the user's own configuration file, which the generated file
// includes, and keeps everything else but what the agent says itself: elements stay in command or in args, wherever the user wrote them, and options
// follow the file, so that they win over it.
func (inv Invocation) With(confPath string) (command, args []string) {
	drops := inv.drops()
	command, args = kept(inv.command, drops), kept(inv.args, drops[len(inv.command):])
	insert := []string{confPath}
	if inv.server < 0 {
		insert = []string{inv.serverName(), confPath}
	}
	at, drop := inv.first, 0
	if inv.config >= 0 {
		at, drop = inv.config, 1
	}
	if at < len(inv.command) {
		return slices.Replace(command, at, at+drop, insert...), args
	}
	at -= len(inv.command)
	return command, slices.Replace(args, at, at+drop, insert...)
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

// kept are the elements that are not dropped. A list that was not there stays so.
func kept(elements []string, drops []bool) []string {
	if elements == nil {
		return nil
	}
	out := make([]string, 0, len(elements))
	for i, e := range elements {
		if !drops[i] {
			out = append(out, e)
		}
	}
	return out
}
