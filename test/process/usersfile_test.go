// SPDX-License-Identifier: Apache-2.0

package process

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/process/lab"
)

// TestUsersFileChanges: a user that is changed, one that is new and one that is gone, without a restart and without a closed
// connection of others. A name of this project is refused in words.
func TestUsersFileChanges(t *testing.T) {
	oneVersion(t, "redis-7.0.15", func(t *testing.T, s *lab.Scene) {
		o := forms["users-file"]
		o.Password = clients
		set, master := group(s, o)
		keeping := master.Redis()
		defer keeping.Close() //nolint:errcheck // the test is over
		id := keeping.ClientID(t.Context()).Val()
		s.PutSecret("users", map[string]string{"users.acl": "user default on >" + clients + " ~* &* +@all\nuser other on >other-password ~* +@all\nuser redis-sentinel-observer on nopass ~* +@all\n"})
		for _, p := range set.Live() {
			p.Refresh()
		}
		until(s, stalled, "the users to change", func(ctx context.Context) string {
			for _, p := range set.Live() {
				if !enters(ctx, p, "other", "other-password") || enters(ctx, p, "app", "app-password") {
					return "not yet in " + p.Name
				}
			}
			return ""
		})
		for _, p := range set.Live() {
			if enters(t.Context(), p, contract.ObserverUser, "anything") {
				t.Error("the user's file gave a user of this project away")
			}
		}
		awaitEvent(s, "UnsuitableConfiguration")
		if now := keeping.ClientID(t.Context()).Val(); now != id {
			t.Error("a connection was closed")
		}
		set.WaitFormed(stalled)
	})
}

// TestUsersFileThatRedisWouldNotLoad: Redis refuses such a file. A line left out instead could be the one that keeps everybody out; so
// nobody enters, or all stays as it was, also over a restart, and an Event says where it is wrong.
func TestUsersFileThatRedisWouldNotLoad(t *testing.T) {
	oneVersion(t, "redis-7.0.15", func(t *testing.T, s *lab.Scene) {
		const good = "user default on >" + clients + " ~* &* +@all\n"
		o := forms["users-file"]
		o.Name, o.Replicas, o.Password = "redis", 2, clients
		o.Secrets = map[string]lab.UserSecret{"users": {Dir: "/etc/users", Files: map[string]string{"users.acl": "\ufeff" + good}}}
		s.StartSentinels()
		set := s.Set(o)
		set.StartAll()
		awaitEvent(s, "UnsuitableConfiguration")
		put := func(text string) {
			t.Helper()
			s.PutSecret("users", map[string]string{"users.acl": text})
			for _, p := range set.Live() {
				p.Refresh()
			}
		}
		guarded := func(when string) {
			t.Helper()
			until(s, stalled, "who has the password to enter "+when, func(ctx context.Context) string {
				for _, p := range set.Live() {
					if !enters(ctx, p, "", clients) {
						return p.Name + " does not let him in"
					}
				}
				return ""
			})
			for _, p := range set.Live() {
				refuses(t, p, "", "")
			}
		}
		for _, p := range set.Live() {
			refuses(t, p, "", "")
			refuses(t, p, "", clients)
		}
		put(good)
		set.WaitFormed(stalled)
		guarded("with a file that was mended")
		for _, bad := range []string{"User default on >other ~* +@all\n", "", good + good} {
			said := map[*lab.Pod]int{}
			for _, p := range set.Live() {
				said[p] = complaints(p)
			}
			put(bad)
			until(s, stalled, "each agent to say what is wrong", func(context.Context) string {
				for _, p := range set.Live() {
					if complaints(p) == said[p] {
						return p.Name + " says nothing"
					}
				}
				return ""
			})
			set.Live()[1].CrashServer(false)
			set.WaitFormed(stalled)
			guarded(fmt.Sprintf("with %q", bad))
		}
	})
}

// complaints are how often an agent said what it cannot work with.
func complaints(p *lab.Pod) int {
	return strings.Count(p.Log("agent.log"), "the user's configuration is unsuitable")
}
