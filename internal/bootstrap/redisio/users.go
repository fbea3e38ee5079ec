// SPDX-License-Identifier: Apache-2.0

package redisio

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/keys"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/redisconf"
)

// A replica connects to an address, and any server that has got that address answers like a master. The only thing that a
// replica says of itself before it takes data is its user: a server that does not know the user rejects it. So each server of a
// group has a user of the group's name, which may replicate and nothing else, and every replica authenticates as that user.

// SecureUsers gives the server the users by which others of its group and its Sentinels reach it, and keeps every other user from
// publishing what Sentinels believe, where the server has selectors for that. Known is what it returned for the same access
// before; where the server still has those users, and all were judged, nothing is done. An error that is model.ErrPartly leaves the
// group's own user as it should be: replication goes on.
//
// A user may be made at any moment of this. What is written and how the server lists its users afterwards is one transaction, and a
// user whom the list before it did not have so is judged the next time.
func (s Server) SecureUsers(ctx context.Context, group string, access model.Access, selectors bool, known model.Users) (model.Users, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*Deadline)
	defer cancel()
	list := s.client().ACLList(ctx)
	if err := list.Err(); err != nil {
		return model.Users{}, fmt.Errorf("reading the users: %w", err)
	}
	lines := list.Val()
	if known.Judged && strings.Join(lines, "\n") == known.List {
		return known, nil
	}
	pipe := s.client().TxPipeline()
	beside := []redis.Cmder{s.setAgentUser(ctx, pipe)}
	var own []redis.Cmder
	for _, user := range ownUsers(group, access) {
		cmd := pipe.ACLSetUser(ctx, user.Name, user.SetUser()...)
		if user.Name == group {
			own = append(own, cmd)
		} else {
			beside = append(beside, cmd)
		}
	}
	guards, unknown := guardClients(ctx, pipe, lines, access, selectors)
	beside = append(append(beside, guards...), endPretenders(ctx, pipe, lines, group)...)
	publishers := map[string]*redis.StringCmd{}
	if selectors {
		publishers = askWhoPublishes(ctx, pipe, lines)
	}
	now := pipe.ACLList(ctx)
	_, _ = pipe.Exec(ctx) // each command carries its own error
	failed := errors.Join(s.endStrangers(ctx, access), s.endConnections(ctx, append(unknown, changedUsers(known.List, lines)...)))
	if err := errors.Join(failures(append(own, now))...); err != nil {
		return model.Users{}, fmt.Errorf("setting the user of the group: %w", err)
	}
	silenced, unsilenced := s.silence(ctx, publishers, now.Val())
	users := model.Users{List: strings.Join(now.Val(), "\n"), Judged: !silenced && judged(now.Val(), lines, group)}
	if err := errors.Join(append(failures(beside), failed, unsilenced)...); err != nil {
		users.Judged = false
		return users, fmt.Errorf("setting the other users of this project: %w", errors.Join(model.ErrPartly, err))
	}
	return users, nil
}

// judged reports whether every user that a server has now is this project's own, or was the same when it was looked at.
func judged(now, lookedAt []string, group string) bool {
	return !slices.ContainsFunc(now, func(line string) bool {
		return !ownUser(redisconf.UserName(line), group) && !slices.Contains(lookedAt, line)
	})
}

// ownUser reports whether a name is that of a user whom SecureUsers makes.
func ownUser(name, group string) bool {
	return slices.Contains([]string{group, contract.AgentUser, contract.ObserverUser, contract.MonitorUser}, name)
}

// setAgentUser leaves the agent's own user with its password and no other. By a file that servers of any version read it has no
// channels yet.
func (s Server) setAgentUser(ctx context.Context, pipe redis.Pipeliner) redis.Cmder {
	o := s.client().Options()
	if o.Username != contract.AgentUser { // its password is not known then
		return pipe.ACLSetUser(ctx, contract.AgentUser, redisconf.AllChannels)
	}
	agent := redisconf.User{Name: o.Username, Hashes: hashes([]string{o.Password}), Rules: append(slices.Clone(redisconf.AgentRules), redisconf.AllChannels)}
	return pipe.ACLSetUser(ctx, agent.Name, agent.SetUser()...)
}

// changedUsers are the users of this project whom somebody else has changed since the server listed its users as known: who logged in
// by what he changed has to go.
func changedUsers(known string, lines []string) []string {
	before := map[string]string{}
	for line := range strings.Lines(known) {
		before[redisconf.UserName(line)] = strings.TrimSpace(line)
	}
	var changed []string
	for _, line := range lines {
		name := redisconf.UserName(line)
		if was, ok := before[name]; ok && redisconf.ReservedUser(name) && was != strings.TrimSpace(line) {
			changed = append(changed, name)
		}
	}
	return changed
}

// endConnections closes the connections of users, but for this one. Those that belong come again.
func (s Server) endConnections(ctx context.Context, users []string) error {
	var failed []error
	for _, name := range users {
		if err := s.client().ClientKillByFilter(ctx, "user", name, "skipme", "yes").Err(); err != nil {
			failed = append(failed, fmt.Errorf("closing the connections of user %s: %w", name, err))
		}
	}
	return errors.Join(failed...)
}

// guardClients gives the default user the passwords that a Secret has, switches off users without a password where policy requires one,
// and keeps every user of the user's own from publishing what Sentinels believe. Unknown are users as whom anybody could log in until
// now.
func guardClients(ctx context.Context, pipe redis.Pipeliner, lines []string, access model.Access, selectors bool) (sent []redis.Cmder, unknown []string) {
	if len(access.Clients) > 0 {
		words := []string{"on", "resetpass"}
		for _, hash := range access.Clients {
			words = append(words, "#"+hash)
		}
		sent = append(sent, pipe.ACLSetUser(ctx, "default", words...))
	}
	for _, line := range lines {
		name, users := userOf(line)
		if !users {
			continue
		}
		fromSecret := name == "default" && len(access.Clients) > 0
		if redisconf.WantsNoPassword(line) && (fromSecret || access.PasswordRequired) {
			unknown = append(unknown, name)
			if !fromSecret {
				sent = append(sent, pipe.ACLSetUser(ctx, name, "off"))
			}
		}
		if change := redisconf.GuardHello(line); selectors && len(change) > 0 {
			sent = append(sent, pipe.ACLSetUser(ctx, name, change...))
		}
	}
	return sent, unknown
}

// endPretenders deletes users whose names are kept for this project's own, and that are none of them.
func endPretenders(ctx context.Context, pipe redis.Pipeliner, lines []string, group string) []redis.Cmder {
	var sent []redis.Cmder
	for _, line := range lines {
		name := redisconf.UserName(line)
		if redisconf.ReservedUser(name) && !ownUser(name, group) {
			sent = append(sent, pipe.ACLDelUser(ctx, name))
		}
	}
	return sent
}

// askWhoPublishes asks the server itself which of the users in a list may still publish what Sentinels believe: a rule can be written
// in ways in which only the server sees what it allows.
func askWhoPublishes(ctx context.Context, pipe redis.Pipeliner, lines []string) map[string]*redis.StringCmd {
	asked := map[string]*redis.StringCmd{}
	for _, line := range lines {
		if name, users := userOf(line); users {
			asked[name] = pipe.ACLDryRun(ctx, name, "publish", redisconf.HelloChannel, "")
		}
	}
	return asked
}

// silence takes publishing altogether from those of whom the server says that they may, and reports whether there were any. A user who
// is gone now has no answer.
func (s Server) silence(ctx context.Context, asked map[string]*redis.StringCmd, now []string) (bool, error) {
	pipe := s.client().Pipeline()
	var sent []redis.Cmder
	var failed []error
	for _, line := range now {
		name := redisconf.UserName(line)
		switch answer := asked[name]; {
		case answer == nil:
		case answer.Err() != nil:
			failed = append(failed, fmt.Errorf("asking whether a user may publish: %w", withoutRules(answer.Err())))
		case answer.Val() == "OK":
			sent = append(sent, pipe.ACLSetUser(ctx, name, "clearselectors", "-publish", "-spublish"))
		}
	}
	if len(sent) > 0 {
		_, _ = pipe.Exec(ctx) // each command carries its own error
	}
	return len(sent) > 0, errors.Join(append(failed, failures(sent)...)...)
}

// failures are the errors of commands, without the rules that a server repeats.
func failures(sent []redis.Cmder) []error {
	var failed []error
	for _, c := range sent {
		if c.Err() != nil {
			failed = append(failed, withoutRules(c.Err()))
		}
	}
	return failed
}

// endStrangers closes the connections of Sentinels that logged in as another user than theirs. It comes after their user was made:
// whoever connects from then on is let in as that user.
func (s Server) endStrangers(ctx context.Context, access model.Access) error {
	strangers, err := s.sentinelsAsOthers(ctx, access)
	if err != nil {
		return err
	}
	for _, id := range strangers { // hardly ever more than the Sentinels of one set
		if err := s.client().ClientKillByFilter(ctx, "id", id).Err(); err != nil { // one that is gone already is no failure
			return fmt.Errorf("closing the connection of a Sentinel that is not its user: %w", err)
		}
	}
	return nil
}

// sentinelsAsOthers are the connections of Sentinels that logged in as another user than theirs, which was not there when they
// connected: they never try again by themselves. Their next connection is their user's.
func (s Server) sentinelsAsOthers(ctx context.Context, access model.Access) ([]string, error) {
	if len(access.Monitor) == 0 {
		return nil, nil
	}
	list, err := s.client().ClientList(ctx).Result()
	if err != nil {
		return nil, fmt.Errorf("listing the clients: %w", err)
	}
	var ids []string
	for line := range strings.Lines(list) {
		var id, name, user string
		for _, word := range strings.Fields(line) {
			switch key, value, _ := strings.Cut(word, "="); key {
			case "id":
				id = value
			case "name":
				name = value
			case "user":
				user = value
			}
		}
		if strings.HasPrefix(name, "sentinel-") && user != contract.MonitorUser {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// ownUsers are the users of this project that others present themselves as. A user for whom there is no password is not made.
func ownUsers(group string, access model.Access) []redisconf.User {
	var users []redisconf.User
	for _, u := range []redisconf.User{
		{Name: group, Hashes: hashes(access.Replication), Open: access.Open, Rules: redisconf.ReplicationRules},
		{Name: contract.ObserverUser, Hashes: hashes(access.Observer), Rules: redisconf.ObserverRules},
		{Name: contract.MonitorUser, Hashes: access.Monitor, Rules: redisconf.MonitorRules},
	} {
		if len(u.Hashes) > 0 || u.Open {
			users = append(users, u)
		}
	}
	return users
}

func hashes(passwords []string) []string {
	out := make([]string, len(passwords))
	for i, p := range passwords {
		out[i] = keys.Hash(p)
	}
	return out
}

// userOf is the name in a line of ACL LIST; false where it is a user of this project.
func userOf(line string) (string, bool) {
	name := redisconf.UserName(line)
	return name, name != "" && !redisconf.ReservedUser(name)
}

// ChangeUsers gives the server users as the arguments of ACL SETUSER say, each beginning with its name, and deletes others. What
// the server refuses is in refused, by user, and the rest is done; err is that it did not answer.
func (s Server) ChangeUsers(ctx context.Context, set [][]string, deleted []string) (refused map[string]error, err error) {
	ctx, cancel := context.WithTimeout(ctx, 2*Deadline)
	defer cancel()
	pipe := s.client().Pipeline()
	sent := map[string]redis.Cmder{}
	for _, words := range set {
		sent[words[0]] = pipe.ACLSetUser(ctx, words[0], words[1:]...)
	}
	for _, name := range deleted {
		sent[name] = pipe.ACLDelUser(ctx, name)
	}
	_, _ = pipe.Exec(ctx) // each command carries its own error
	refused = map[string]error{}
	for name, c := range sent {
		if reply := redis.Error(nil); errors.As(c.Err(), &reply) {
			refused[name] = fmt.Errorf("changing the user %s: %w", name, withoutRules(c.Err()))
		} else if c.Err() != nil {
			return nil, fmt.Errorf("changing users: %w", c.Err())
		}
	}
	return refused, nil
}

// AuthenticateAs sets what the server presents to its master. It takes effect with the next connection.
func (s Server) AuthenticateAs(ctx context.Context, as model.Credential) error {
	// Without a password no user is presented. The password is set last and removed first, or one of the two would be sent
	// alone.
	options := [][2]string{{"masteruser", as.User}, {"masterauth", as.Password}}
	if as.Password == "" {
		options = [][2]string{{"masterauth", ""}, {"masteruser", ""}}
	}
	return s.run(ctx, "setting masteruser and masterauth", func(ctx context.Context) error {
		for _, o := range options {
			if err := s.client().ConfigSet(ctx, o[0], o[1]).Err(); err != nil {
				return err
			}
		}
		return nil
	})
}

// PlainCredential is what servers of the same template, that have no agent, want of a client: the password of the default user,
// as the server's own configuration has it in clear. It is empty where there is none.
func (s Server) PlainCredential(ctx context.Context) (model.Credential, error) {
	var own model.Credential
	err := s.run(ctx, "reading requirepass", func(ctx context.Context) error {
		values, err := s.client().ConfigGet(ctx, "requirepass").Result()
		own.Password = values["requirepass"]
		return err
	})
	return own, err
}

// withoutRules drops what a server says of the rules that it refuses: it repeats them, and a rule may be a password.
func withoutRules(err error) error {
	if refused := redis.Error(nil); errors.As(err, &refused) {
		return errors.New("the server refuses the rules, as ACL SETUSER with them will say")
	}
	return err
}

// busy reports whether a server did not carry out a command because a script keeps it.
func busy(err error) bool {
	var refused redis.Error
	return errors.As(err, &refused) && strings.HasPrefix(refused.Error(), "BUSY ")
}

// denial is the word by which a server refuses a client that it does not know; empty where the error is another.
func denial(err error) string {
	var refused redis.Error
	if !errors.As(err, &refused) {
		return ""
	}
	word, _, _ := strings.Cut(refused.Error(), " ")
	switch word {
	case "NOAUTH", "WRONGPASS", "NOPERM":
		return word
	}
	return ""
}
