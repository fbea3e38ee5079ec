// SPDX-License-Identifier: Apache-2.0

package redisconf

import (
	"fmt"
	"slices"
	"strings"
)

// Kind of an ArgumentError.
type Kind string

// Kinds.
const (
	// ErrShell means that a shell stands between the container and the server, and hides it.
	ErrShell Kind = "shell"
	// ErrProgram means that the line does not start a server that we know.
	ErrProgram Kind = "program"
	// ErrOption means that an option contradicts what the agent does.
	ErrOption Kind = "option"
)

// ArgumentError is the part of a command line that is refused, and what to do instead.
type ArgumentError struct {
	Kind Kind
	// Subject is the element in question, and What is wrong with it, where the kind does not say so.
	Subject, What string
	// Remedy is a sentence for the user.
	Remedy string
}

func (e *ArgumentError) Error() string {
	switch e.Kind {
	case ErrShell:
		return fmt.Sprintf("the server is started by a shell (%s), and %s: %s", e.Subject, e.What, e.Remedy)
	case ErrProgram:
		return fmt.Sprintf("%q is not a redis-server or redis-sentinel that this webhook knows: %s", e.Subject, e.Remedy)
	default:
		if e.What != "" {
			return fmt.Sprintf("%q: %s: %s", e.Subject, e.What, e.Remedy)
		}
		return fmt.Sprintf("option %q is not allowed: %s", e.Subject, e.Remedy)
	}
}

func hidden(what, element string) error {
	return &ArgumentError{Kind: ErrOption, Subject: element, Remedy: "the " + what + " is hidden behind a variable: write it out"}
}

// rule refuses an option.
type rule struct {
	names []string
	// fine lists values with which the option is harmless; nil refuses every value.
	fine []string
	// unless reports whether values are harmless, where no list says so.
	unless func(values []string) bool
	// redisOnly options do not exist in a Sentinel, or may be there; sentinelOnly ones are no business of ours in a Redis.
	redisOnly    bool
	sentinelOnly bool
	// overlaid options do no harm in the user's own file, because the generated file has a later line of that name, or none is
	// needed there.
	overlaid bool
	remedy   string
}

const (
	remedyMaster   = "remove it: the agent and the Sentinels choose the master"
	remedyAnnounce = "remove it: the agent announces the address of the pod"
	remedyPassword = "the agent writes the users of Sentinels; remove it, and restrict access to the port with a NetworkPolicy"
	remedyReserved = "names that begin with redis-sentinel are kept for this project's own users: use another"
	remedyPort     = "it has no effect: the group's port is %d; remove the line, or say the port on the command line, as --port, where admission can see it"
	remedyConfig   = "put it into the configuration file: the agent overrides it while the pod must not lead"
)

var rules = []rule{
	{names: []string{"replicaof", "slaveof"}, redisOnly: true, remedy: remedyMaster},
	{names: []string{"cluster-enabled"}, fine: []string{"no"}, redisOnly: true, remedy: "Redis Cluster elects its own masters; remove it, or the label redis-sentinel"},
	{names: []string{"daemonize"}, fine: []string{"no"}, overlaid: true, remedy: "remove it: the container ends with the process that it started"},
	{names: []string{"bind"}, fine: []string{"*", "0.0.0.0"}, overlaid: true, remedy: `remove it, or bind all addresses with "*": replicas and Sentinels connect from other pods, and the agent from this one`},
	{names: []string{"protected-mode"}, fine: []string{"no"}, overlaid: true, remedy: "remove it: replicas and Sentinels connect from other pods"},
	{names: []string{"requirepass", "masterauth", "masteruser", "primaryauth", "primaryuser"}, fine: []string{"", `""`}, sentinelOnly: true, remedy: remedyPassword},
	{names: []string{"aclfile", "user"}, sentinelOnly: true, remedy: remedyPassword},
	{names: []string{"replica-announce-ip", "slave-announce-ip", "replica-announce-port", "slave-announce-port"}, redisOnly: true, overlaid: true, remedy: remedyAnnounce},
	{names: []string{"replica-announced"}, fine: []string{"yes"}, redisOnly: true, remedy: "remove it: Sentinel must see every replica"},
	{names: []string{"replica-priority", "slave-priority"}, redisOnly: true, overlaid: true, remedy: remedyConfig},
	{names: []string{"replica-serve-stale-data", "slave-serve-stale-data"}, redisOnly: true, overlaid: true, remedy: remedyConfig},
	{names: []string{"replica-read-only", "slave-read-only"}, fine: []string{"yes"}, redisOnly: true, overlaid: true, remedy: "remove it: a write to a replica is lost"},
	{names: []string{"min-replicas-to-write", "min-slaves-to-write"}, redisOnly: true, overlaid: true, remedy: "set the annotation redis-sentinel.dev/min-replicas-to-write instead: the agent switches it with the number of replicas"},
	{names: []string{"min-replicas-max-lag", "min-slaves-max-lag"}, redisOnly: true, remedy: "set the annotation redis-sentinel.dev/min-replicas-max-lag instead"},
	{names: []string{"include"}, overlaid: true, remedy: "name the file as the configuration file, the first argument after redis-server: the generated file includes it"},
	{names: []string{"rename-command"}, unless: isNobodys, remedy: "remove it: the agent, the replicas and the Sentinels call this command by its name; what clients may call, rules of their users say, like user default on >password ~* &* +@all -config"},
	{names: []string{"tls-port"}, fine: []string{"0"}, remedy: "TLS is not supported yet; remove it"},
}

// called are the commands that agents, replicas and Sentinels call on the servers of a group.
var called = strings.Fields("acl auth client config exec function hello info multi ping psubscribe psync publish replconf replicaof script " +
	"select shutdown slaveof subscribe sync unsubscribe")

// isNobodys reports whether a command that is renamed is called by none of those.
func isNobodys(values []string) bool {
	return len(values) > 0 && !slices.Contains(called, strings.ToLower(strings.Trim(values[0], `"'`)))
}

// check returns the refusal of an option, if there is one.
func (p Program) check(o Option) error {
	value := strings.Join(o.Values, " ")
	refuse := func(remedy string) error {
		return &ArgumentError{Kind: ErrOption, Subject: strings.TrimSpace("--" + o.Name + " " + shown(o)), Remedy: remedy}
	}
	if o.Name == "sentinel" && value != "" {
		return refuse("remove it: the Sentinels find groups and settings by themselves")
	}
	if o.Name == "user" && p != ProgramSentinel && ReservedUser(value) {
		return refuse(remedyReserved)
	}
	if strings.HasPrefix(o.Name, "tls-") && o.Name != "tls-port" {
		return refuse("TLS is not supported yet; remove it")
	}
	if strings.HasPrefix(o.Name, "cluster-") && o.Name != "cluster-enabled" && p != ProgramSentinel {
		return refuse("it is for Redis Cluster only, which elects its own masters: remove it, or the label redis-sentinel")
	}
	for _, r := range rules {
		if !slices.Contains(r.names, o.Name) || r.redisOnly && p == ProgramSentinel || r.sentinelOnly && p != ProgramSentinel {
			continue
		}
		if !r.allows(o) {
			return refuse(r.remedy)
		}
	}
	return nil
}

// ReservedUser reports whether a user's name is kept for this project's own.
func ReservedUser(name string) bool {
	return strings.HasPrefix(name, "redis-sentinel-") || strings.HasPrefix(name, "redis-sentinel:")
}

// allows reports whether the values are harmless; bind may list several addresses.
func (r rule) allows(o Option) bool {
	switch {
	case r.unless != nil:
		return r.unless(o.Values)
	case r.fine == nil:
		return false
	}
	if o.Name == "bind" {
		return slices.ContainsFunc(strings.Fields(strings.Join(o.Values, " ")), func(v string) bool { return slices.Contains(r.fine, v) })
	}
	return slices.Contains(r.fine, strings.ToLower(strings.Join(o.Values, " ")))
}

// shown are the values as they may stand in a message: never a password, whatever option of whatever program has it.
func shown(o Option) string {
	switch {
	case o.Name == "sentinel" && len(o.Values) > 0: // what follows the word may be anybody's password
		word, _, _ := strings.Cut(strings.TrimSpace(o.Values[0]), " ")
		return word
	case o.Name == "rename-command" && len(o.Values) > 0: // its new name may be a secret
		return o.Values[0]
	case o.Name == "user", strings.Contains(o.Name, "auth"), strings.Contains(o.Name, "pass"):
		return ""
	}
	return strings.Join(o.Values, " ")
}
