// SPDX-License-Identifier: Apache-2.0

package process

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/redisconf"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/process/lab"
)

// TestRedisThatDoesNotKnowAnAgent: to the deciders it is silent, so people are told what it answers. First it has lost the user of the
// other pods' agents while its own is away, then that of its own.
func TestRedisThatDoesNotKnowAnAgent(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *lab.Scene) {
		set, master := group(s, lab.Options{})
		p := set.Live()[1]
		if p == master {
			p = set.Live()[0]
		}
		do := func(args ...any) {
			t.Helper()
			_, err := p.Do(t.Context(), args...)
			must(t, err)
		}
		p.CrashAgent(true)
		do("acl", "deluser", contract.ObserverUser)
		awaitEvent(s, "PeerDenied")
		p.Release()
		until(s, stalled, "its agent to make the user again", func(ctx context.Context) string {
			if said, err := p.Do(ctx, "acl", "users"); err != nil || !strings.Contains(fmt.Sprint(said), contract.ObserverUser) {
				return fmt.Sprint(said, err)
			}
			return ""
		})
		// While its agent is away: one that is there may be writing its users at this very moment, and mends what it finds changed. Where
		// anybody is let in, the agent is too, and gives itself its user again.
		p.CrashAgent(true)
		do("acl", "setuser", contract.AgentUser, "resetpass")
		p.Release()
		until(s, stalled, "its agent to be known again", func(ctx context.Context) string {
			said, err := p.Do(ctx, "acl", "getuser", contract.AgentUser)
			if text := fmt.Sprint(said); err != nil || strings.Contains(text, "passwords:[]") || strings.Contains(text, "passwords []") {
				return fmt.Sprint(text, err)
			}
			return ""
		})
		p.CrashAgent(true)
		do("acl", "setuser", contract.AgentUser, "resetpass")
		do("acl", "setuser", "default", "resetpass", ">clients")
		p.Release()
		awaitEvent(s, "AgentDenied")
	})
}

// TestOwnUsersAreNobodyElses: whoever may change users gives himself a password of this project's own. A turn later it is gone, and so is
// he who logged in by it.
func TestOwnUsersAreNobodyElses(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *lab.Scene) {
		set, master := group(s, lab.Options{})
		for _, user := range []string{contract.AgentUser, contract.MonitorUser, contract.ObserverUser, contract.ReplicationUser(s.Namespace, set.Name)} {
			mallory := redis.NewClient(&redis.Options{
				Addr: master.Redis().Options().Addr, Username: user, Password: "evil", Protocol: 2, DisableIdentity: true, MaxRetries: -1, PoolSize: 1,
			})
			defer mallory.Close() //nolint:errcheck // the test is over
			// A turn may be faster than he is.
			until(s, stalled, "somebody to log in as "+user, func(ctx context.Context) string {
				if _, err := master.Do(ctx, "acl", "setuser", user, ">evil"); err != nil {
					return err.Error()
				}
				if err := mallory.Ping(ctx).Err(); err != nil {
					return err.Error()
				}
				return ""
			})
			until(s, stalled, user+" to be nobody else's", func(ctx context.Context) string {
				// A connection that was closed is made again, and its password is asked for.
				if err := mallory.Ping(ctx).Err(); err == nil || !strings.HasPrefix(err.Error(), "WRONGPASS") {
					return fmt.Sprint("who logged in is still there: ", err)
				}
				return ""
			})
		}
		if now := set.WaitFormed(stalled); now != master {
			t.Errorf("%s leads, %s did", now.Name, master.Name)
		}
	})
}

// TestNobodyPublishesHellos: on servers with selectors no user can send what Sentinels believe, also not one that was made since, and
// every other channel stays open. On older ones an Event says so.
func TestNobodyPublishesHellos(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *lab.Scene) {
		_, master := group(s, lab.Options{})
		hello := redisconf.HelloChannel
		for _, user := range [][]any{
			{"bob", "&*", "+@all"},
			{"redis-sentinel-mallory", "&*", "+@all"}, // a name that is kept for others
			{"one-channel", "&*", "-@all", "+publish|" + hello},
			{"(selector", "&*", "+@all"},
			{"other\u00a0space", "&*", "+@all"},
			{"redis-sentinel-agent\u00a0", "&*", "+@all"},
			{"range", "resetchannels", "&[z-_]_sentinel__:hello", "+@all"},
			{"range-that-ends-oddly", "resetchannels", "&[a-\\_]_sentinel__:hello", "+@all"},
			{"nested", "resetchannels", "-@all", "(+publish &x) &" + hello + ")"},
		} {
			_, err := master.Do(t.Context(), append([]any{"acl", "setuser", user[0], "on", "nopass", "~*"}, user[1:]...)...)
			must(t, err)
		}
		users, err := master.Do(t.Context(), "acl", "users")
		must(t, err)
		until(s, stalled, "the new users to be kept from it", func(ctx context.Context) string {
			for _, user := range users.([]any) {
				if user == contract.MonitorUser || user == contract.AgentUser {
					continue
				}
				said, err := master.Do(ctx, "acl", "dryrun", user, "publish", hello, "x")
				if said == "OK" || err != nil && !strings.Contains(err.Error(), "not found") { // one with a name of ours is deleted
					return fmt.Sprint(user, " may publish: ", err)
				}
			}
			return ""
		})
		for _, attempt := range [][]any{
			{"publish", redisconf.HelloChannel, "x"},
			{"spublish", redisconf.HelloChannel, "x"},
			{"eval", "return redis.call('publish', KEYS[1], 'x')", 1, redisconf.HelloChannel},
		} {
			if said, err := master.Do(t.Context(), attempt...); err == nil {
				t.Errorf("%v: %v", attempt, said)
			}
		}
		for _, channel := range []string{"news", "__sentinel__:help", redisconf.HelloChannel + "!", "_"} {
			if _, err := master.Do(t.Context(), "publish", channel, "x"); err != nil {
				t.Errorf("publishing to %s: %v", channel, err)
			}
		}
	})
}
