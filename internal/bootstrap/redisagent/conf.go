// SPDX-License-Identifier: Apache-2.0

package redisagent

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/conffile"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/environment"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/observe"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/keys"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/redisconf"
)

// configuration writes the files that Redis starts from. They have the hashes of passwords, so that a server which restarts knows
// this project's users before its agent comes.
type configuration struct {
	env environment.Environment
	// include is the user's own file; empty where there is none.
	include string
	user    userFile
	// password is the agent's own.
	password string
	// clients knows the default user's passwords; nil where no Secret has them.
	clients *clientPassword
	// users are the file with the user's own users; nil where there is none.
	users *aclFile
	// written are the users that the files have.
	written []redisconf.User
}

// newConfiguration reads what the user wrote, and writes the files for the first time.
func newConfiguration(env environment.Environment, password string, clients *clientPassword) (*configuration, error) {
	c := &configuration{env: env, password: password, clients: clients}
	c.read()
	all := model.Access{Clients: clients.hashes(time.Now())}
	for _, key := range observe.ReadKeys(env.KeysDir) { // who presents what is not known yet
		all.Replication, all.Observer = append(all.Replication, key.Replication), append(all.Observer, key.Observer)
		if key.Monitor != "" {
			all.Monitor = append(all.Monitor, key.Monitor)
		}
	}
	all.Open = len(all.Replication) == 0
	return c, c.write(all)
}

// read reads what the user wrote. An init container may have still to write it.
func (c *configuration) read() {
	var err error
	c.include = includeOf(c.env.Settings.Redis)
	switch c.user, err = readUserFile(c.include, c.env.Settings.Port); {
	case errors.Is(err, fs.ErrNotExist):
		c.env.Log.Info("the user's configuration is not there yet, or not all of it; it is read when it is", "error", err.Error())
	case err != nil:
		c.env.Log.Error("cannot read all of the user's configuration; after a sync Redis gets defaults instead of its values", "error", err.Error())
	}
	name := cmp.Or(c.env.Settings.Redis.ACLFile, c.user.aclFile)
	switch {
	case name == "":
		c.users = nil
	case c.users == nil || c.users.path != name:
		c.users = &aclFile{path: name, shutDefault: c.env.Settings.Redis.PasswordRequired && c.clients == nil}
	}
}

// loadedFrom is the path that the server has the generated file at.
func (c *configuration) loadedFrom() string {
	return cmp.Or(c.env.Settings.Redis.ConfigPlace, filepath.Join(c.env.ConfigDir, filepath.Base(contract.RedisConfFile)))
}

// includeOf is the user's own file: the one that is named, or the first of those that an image looks for that is there.
func includeOf(s *contract.RedisSettings) string {
	if len(s.IncludeFirst) == 0 {
		return s.Include
	}
	for _, file := range s.IncludeFirst {
		if _, err := os.Stat(file); err == nil {
			return file
		}
	}
	return ""
}

// follow reads what the user wrote again where it is another since, and writes the files for the next start of the server. It reports
// whether it did.
func (c *configuration) follow() (changed bool, err error) {
	if includeOf(c.env.Settings.Redis) == c.include && stampOf(c.user.read) == c.user.stamp {
		return false, nil
	}
	c.read()
	return true, c.rewrite()
}

// write writes the files for who may enter now; nothing where they say so already.
func (c *configuration) write(access model.Access) error {
	ours := c.ours(access)
	if equalUsers(ours, c.written) {
		return nil
	}
	return c.writeFiles(ours)
}

// rewrite writes the files again, because the user's own file changed.
func (c *configuration) rewrite() error { return c.writeFiles(c.written) }

func (c *configuration) writeFiles(ours []redisconf.User) error {
	var before []string
	if whole := c.env.Settings.Redis.Whole; whole == "" || c.include != whole {
		before = c.env.Settings.Redis.Before
	}
	conf := redisconf.Redis{
		Before: before, Include: c.include, Diskless: c.env.Settings.Redis.Diskless, Port: c.env.Settings.Port, AnnounceIP: c.env.PodIP.String(),
		Group: contract.ReplicationUser(c.env.Namespace, c.env.Settings.StatefulSet), Users: ours,
		ShutDefault: c.env.Settings.Redis.ShutDefault && c.clients == nil && !c.user.namesDefault && !c.user.hasPassword,
	}
	if c.users != nil {
		conf.ACLFile = contract.ACLFile
		text, objections := c.users.merged(ours)
		c.user.objections = append(c.user.objections, objections...)
		if err := conffile.Replace(c.env.ConfigDir, filepath.Base(contract.ACLFile), text, 0o644); err != nil {
			return err
		}
	}
	if err := conffile.Replace(c.env.ConfigDir, filepath.Base(contract.RedisConfFile), conf.String(), 0o644); err != nil {
		return err
	}
	c.written = ours
	return nil
}

// withSecrets gives the arguments of ACL SETUSER for the default user the passwords that a Secret has: they hold in place of its line's.
func (c *configuration) withSecrets(set [][]string) [][]string {
	i := slices.IndexFunc(c.written, func(u redisconf.User) bool { return u.Name == "default" })
	for j, words := range set {
		if i >= 0 && words[0] == "default" {
			set[j] = append(words, "on", "resetpass")
			for _, hash := range c.written[i].Hashes {
				set[j] = append(set[j], "#"+hash)
			}
		}
	}
	return set
}

// ours are this project's users as a file has them: without rules about channels, from which servers that are too old would not start.
// The agent adds them.
func (c *configuration) ours(access model.Access) []redisconf.User {
	users := []redisconf.User{{Name: contract.AgentUser, Hashes: []string{keys.Hash(c.password)}, Rules: redisconf.AgentRules}}
	group := contract.ReplicationUser(c.env.Namespace, c.env.Settings.StatefulSet)
	for _, u := range []struct {
		name      string
		passwords []string
		rules     []string
	}{
		{group, access.Replication, redisconf.ReplicationRules},
		{contract.ObserverUser, access.Observer, redisconf.ObserverRules},
	} {
		user := redisconf.User{Name: u.name, Rules: u.rules}
		for _, p := range u.passwords {
			user.Hashes = append(user.Hashes, keys.Hash(p))
		}
		if user.Open = access.Open && u.name == group; len(user.Hashes) > 0 || user.Open {
			users = append(users, user)
		}
	}
	if len(access.Monitor) > 0 {
		users = append(users, redisconf.User{Name: contract.MonitorUser, Hashes: access.Monitor, Rules: redisconf.MonitorFileRules})
	}
	if len(access.Clients) > 0 && (c.users != nil || !c.user.namesDefault) {
		users = append(users, redisconf.User{Name: "default", Hashes: access.Clients, Rules: strings.Fields("~* &* +@all")})
	}
	return users
}

func equalUsers(a, b []redisconf.User) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Line() != b[i].Line() {
			return false
		}
	}
	return true
}
