// SPDX-License-Identifier: Apache-2.0

package redisio

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/redisio/redistest"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/keys"
)

// TestUserThatAServerRefuses: only that of the replicas is worth stopping for, and no error repeats a password.
func TestUserThatAServerRefuses(t *testing.T) {
	const group = "redis-sentinel:ns.redis"
	access := model.Access{Replication: []string{"r"}, Observer: []string{"o"}, Monitor: []string{"00"}}
	for refused, partly := range map[string]bool{group: false, contract.ObserverUser: true, contract.MonitorUser: true, "default": true} {
		server := redistest.Start(t, "127.0.0.1", func(command string) string {
			switch {
			case strings.HasPrefix(command, "acl setuser "+refused+" "):
				return "-ERR Error in ACL SETUSER modifier '>secret': Syntax error\r\n"
			case strings.HasPrefix(command, "client kill"):
				return ":1\r\n"
			case command == "acl list":
				return "*1\r\n" + redistest.Bulk("user default on nopass ~* &* +@all")
			case command == "client list":
				return redistest.Bulk("id=3 name= user=default\nid=7 name=sentinel-12345678-cmd user=default\nid=8 name=sentinel-12345678-cmd user=redis-sentinel-monitor\n")
			}
			return ""
		})
		client := Keep(server.Address, model.Credential{})
		t.Cleanup(func() { _ = client.Close() })
		_, err := NewServer(client).SecureUsers(t.Context(), group, access, true, model.Users{})
		if err == nil || errors.Is(err, model.ErrPartly) != partly || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s refused: %v", refused, err)
		}
		told := strings.Join(server.Told(), "\n")
		if !strings.Contains(told, "client kill id 7") || strings.Contains(told, "client kill id 3") || strings.Contains(told, "client kill id 8") {
			t.Errorf("%s refused: not the Sentinel alone that is nobody was disconnected:\n%s", refused, told)
		}
	}
}

// TestNoSentinelStaysAnother: a Sentinel that connects before its user is there logs in as another, does not look at the answer, and
// never tries again. Whoever did so until the user was made is sent away once, also where it connects in the last moment.
func TestNoSentinelStaysAnother(t *testing.T) {
	var made atomic.Bool
	server := redistest.Start(t, "127.0.0.1", func(command string) string {
		switch {
		case command == "acl list":
			return "*1\r\n" + redistest.Bulk("user default on nopass ~* &* +@all")
		case strings.HasPrefix(command, "acl setuser redis-sentinel-monitor"):
			made.Store(true)
		case command == "client list":
			list := "id=5 name= user=default\nid=6 name=sentinel-aaaaaaaa-cmd user=redis-sentinel-monitor\n"
			if made.Load() { // it came while the users were being set
				list += "id=7 name=sentinel-bbbbbbbb-cmd user=default\n"
			}
			return redistest.Bulk(list)
		case strings.HasPrefix(command, "client kill"):
			return ":1\r\n"
		}
		return ""
	})
	client := Keep(server.Address, model.Credential{})
	t.Cleanup(func() { _ = client.Close() })
	if _, err := NewServer(client).SecureUsers(t.Context(), "redis-sentinel:ns.redis", model.Access{Monitor: []string{strings.Repeat("a", 64)}}, true, model.Users{}); err != nil {
		t.Fatal(err)
	}
	told := slices.DeleteFunc(server.Told(), func(command string) bool { return !strings.HasPrefix(command, "client kill") })
	if want := []string{"client kill id 7"}; !slices.Equal(told, want) {
		t.Errorf("got %q, want %q", told, want)
	}
}

// TestUsersThatSomebodyChanged: what was added to a user of this project is gone after a turn, and so is who logged in by it. The agent's
// own user is no other.
func TestUsersThatSomebodyChanged(t *testing.T) {
	const group = "redis-sentinel:ns.redis"
	agent := model.Credential{User: contract.AgentUser, Password: "mine"}
	list := []string{"user default on nopass ~* &* +@all", "user redis-sentinel-agent on #00 ~* &* +@all", "user redis-sentinel-monitor on #11 -@all"}
	server := redistest.Start(t, "127.0.0.1", func(command string) string {
		switch {
		case command == "acl list":
			reply := fmt.Sprintf("*%d\r\n", len(list))
			for _, line := range list {
				reply += redistest.Bulk(line)
			}
			return reply
		case command == "client list":
			return redistest.Bulk("")
		case strings.HasPrefix(command, "client kill"):
			return ":1\r\n"
		}
		return ""
	})
	client := Keep(server.Address, agent)
	t.Cleanup(func() { _ = client.Close() })
	secure := func(known model.Users) []string {
		t.Helper()
		before := len(server.Told())
		if _, err := NewServer(client).SecureUsers(t.Context(), group, model.Access{Monitor: []string{"11"}}, false, known); err != nil {
			t.Fatal(err)
		}
		return server.Told()[before:]
	}
	known := model.Users{List: strings.Join(list, "\n"), Judged: true}
	if told := secure(known); slices.ContainsFunc(told, func(c string) bool {
		return !strings.HasPrefix(c, "acl list") && !strings.HasPrefix(c, "auth") && !strings.HasPrefix(c, "hello")
	}) {
		t.Errorf("nothing has changed, and the server is told %q", told)
	}
	list[1] = "user redis-sentinel-agent on #00 #66 ~* &* +@all"
	told := secure(known)
	if want := "acl setuser redis-sentinel-agent reset on #" + keys.Hash("mine") + " ~* +@all allchannels"; !slices.Contains(told, want) {
		t.Errorf("told %q, want %q among it", told, want)
	}
	kills := slices.DeleteFunc(slices.Clone(told), func(c string) bool { return !strings.HasPrefix(c, "client kill") })
	if want := []string{"client kill user redis-sentinel-agent skipme yes"}; !slices.Equal(kills, want) {
		t.Errorf("told %q, want %q", kills, want)
	}
	if told := secure(model.Users{}); slices.ContainsFunc(told, func(c string) bool { return strings.HasPrefix(c, "client kill") }) {
		t.Errorf("the first look at a server closes connections: %q", told)
	}
}

// TestUserThatIsMadeMeanwhile: whoever makes a user or changes one while users are being set gets past nobody: such a user is looked at
// the next time, although the server lists the same users then.
func TestUserThatIsMadeMeanwhile(t *testing.T) {
	const group = "redis-sentinel:ns.redis"
	const app, mallory = "user app on #00 ~* resetchannels +@all", "user mallory on nopass ~* &* +@all"
	for name, c := range map[string]struct {
		late   string // the user that the server has from the moment on at which users are set
		meets  string // what reaches that user the next time
		allows bool   // whether the server's own word is that it may publish
	}{
		"a user":                           {mallory, "acl setuser mallory -publish", false},
		"a user with another rule":         {"user app on #00 ~* &* +@all", "acl setuser app -publish", false},
		"a user whom nothing is wanted of": {"user guest on nopass ~* resetchannels +get", "acl setuser guest off", false},
		"a name that is kept":              {"user redis-sentinel-mallory on #00 +@all", "acl deluser redis-sentinel-mallory", false},
		"a rule that only the server sees": {"user odd on #00 resetchannels -@all (+publish", "acl setuser odd clearselectors -publish -spublish", true},
	} {
		t.Run(name, func(t *testing.T) {
			var setting atomic.Bool
			server := redistest.Start(t, "127.0.0.1", func(command string) string {
				switch {
				case command == "acl list" && setting.Load() && strings.HasPrefix(c.late, "user app "):
					return "*1\r\n" + redistest.Bulk(c.late)
				case command == "acl list" && setting.Load():
					return "*2\r\n" + redistest.Bulk(app) + redistest.Bulk(c.late)
				case command == "acl list":
					return "*1\r\n" + redistest.Bulk(app)
				case strings.HasPrefix(command, "acl setuser redis-sentinel-agent"):
					setting.Store(true)
				case strings.HasPrefix(command, "acl dryrun") && !c.allows:
					return redistest.Bulk("no")
				case command == "client list":
					return redistest.Bulk("")
				case strings.HasPrefix(command, "client kill") || strings.HasPrefix(command, "acl deluser"):
					return ":0\r\n"
				}
				return ""
			})
			client := Keep(server.Address, model.Credential{})
			t.Cleanup(func() { _ = client.Close() })
			secure := func(known model.Users) model.Users {
				t.Helper()
				users, err := NewServer(client).SecureUsers(t.Context(), group, model.Access{PasswordRequired: true}, true, known)
				if err != nil {
					t.Fatal(err)
				}
				return users
			}
			users := secure(model.Users{})
			before := len(server.Told())
			if secure(users); !slices.ContainsFunc(server.Told()[before:], func(command string) bool { return strings.HasPrefix(command, c.meets) }) {
				t.Errorf("%s: not among %q", c.meets, server.Told()[before:])
			}
		})
	}
}

// TestWhoNeededNoPasswordIsSentAway: where policy or a Secret comes after somebody who needed none, he does not stay.
func TestWhoNeededNoPasswordIsSentAway(t *testing.T) {
	for name, c := range map[string]struct {
		access model.Access
		want   []string
	}{
		"none required": {model.Access{}, nil},
		"required":      {model.Access{PasswordRequired: true}, []string{"acl setuser default off", "acl setuser guest off", "client kill user default skipme yes", "client kill user guest skipme yes"}},
		"from a Secret": {model.Access{Clients: []string{"22"}}, []string{"acl setuser default on resetpass #22", "client kill user default skipme yes"}},
		"both":          {model.Access{Clients: []string{"22"}, PasswordRequired: true}, []string{"acl setuser default on resetpass #22", "acl setuser guest off", "client kill user default skipme yes", "client kill user guest skipme yes"}},
	} {
		server := redistest.Start(t, "127.0.0.1", func(command string) string {
			switch {
			case command == "acl list":
				return "*3\r\n" + redistest.Bulk("user default on nopass ~* &* +@all") + redistest.Bulk("user guest on nopass ~* +get") + redistest.Bulk("user app on #00 ~* +get")
			case strings.HasPrefix(command, "client kill"):
				return ":1\r\n"
			}
			return ""
		})
		client := Keep(server.Address, model.Credential{})
		t.Cleanup(func() { _ = client.Close() })
		if _, err := NewServer(client).SecureUsers(t.Context(), "redis-sentinel:ns.redis", c.access, false, model.Users{}); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, command := range server.Told() {
			if strings.HasPrefix(command, "client kill") || strings.HasPrefix(command, "acl setuser") && !strings.Contains(command, "redis-sentinel") {
				got = append(got, command)
			}
		}
		if slices.Sort(got); !slices.Equal(got, c.want) {
			t.Errorf("%s: told %q, want %q", name, got, c.want)
		}
	}
}

func TestDenials(t *testing.T) {
	for reply, want := range map[string]string{
		"-NOAUTH Authentication required.\r\n":                 "NOAUTH",
		"-WRONGPASS invalid username-password pair.\r\n":       "WRONGPASS",
		"-NOPERM this user has no permissions to run info\r\n": "NOPERM",
		"-LOADING Redis is loading the dataset in memory\r\n":  "",
		"-ERR unknown\r\n":                       "",
		"-ERR max number of clients reached\r\n": "", // that is of everybody
	} {
		server := redistest.Start(t, "127.0.0.1", func(string) string { return reply })
		clients := NewClients()
		t.Cleanup(func() { clients.Sweep(0) })
		if r := clients.AskAs(t.Context(), server.Address, model.Credential{}, model.Credential{}); r.Denied != want || r.Answer != model.Silent {
			t.Errorf("%q: %+v", reply, r)
		}
		if asked := len(server.Told()); (asked > 1) != (want != "") {
			t.Errorf("%q: asked %d times", reply, asked)
		}
	}
}
