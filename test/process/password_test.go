// SPDX-License-Identifier: Apache-2.0

package process

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/keys"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/process/lab"
)

const clients = "the-password-of-the-clients"

// forms are the ways in which a user gives clients a password.
var forms = map[string]lab.Options{
	"option":      {Args: []string{"--requirepass", clients}},
	"redis.conf":  {Conf: "requirepass " + clients + "\n"},
	"with-master": {Conf: "requirepass " + clients + "\nmasterauth " + clients + "\nreplica-priority 50\n"},
	"users-file": {Args: []string{"--aclfile", "/etc/users/users.acl"}, Secrets: map[string]lab.UserSecret{
		"users": {Dir: "/etc/users", Files: map[string]string{"users.acl": "user default on >" + clients + " ~* &* +@all\nuser app on >app-password ~app:* resetchannels -@all +get +set +ping\n"}},
	}},
	"user-line": {Conf: "user default on >" + clients + " ~* &* +@all\n"},
	"secret": {Annotations: map[string]string{contract.AnnotationAuthSecret: "clients"}, Secrets: map[string]lab.UserSecret{
		"clients": {Dir: "/unused", Files: map[string]string{contract.AuthKey: clients + "\n"}},
	}},
}

// TestPasswordsInEveryForm: whatever gives clients a password is adopted, and the group forms, hands over and survives the loss of
// its master as one without; nobody enters without the password.
func TestPasswordsInEveryForm(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *lab.Scene) {
		s.StartSentinels()
		some := []string{"option", "users-file", "secret"}
		if s.Server.Name == lab.Versions[0] { // the others differ in nothing that a version has a say in
			some = slices.Sorted(maps.Keys(forms))
		}
		for _, name := range some {
			t.Run(name, func(t *testing.T) { passwordIn(t, s, name) })
		}
	})
}

func passwordIn(t *testing.T, s *lab.Scene, form string) {
	t.Helper()
	o := forms[form]
	o.Name, o.Replicas, o.Password = "redis-"+strings.ReplaceAll(form, ".", "-"), 3, clients
	o.Args = append(slices.Clone(o.Args), durable...)
	set := s.Set(o)
	set.StartAll()
	if t.Failed() {
		t.FailNow()
	}
	master := set.WaitFormed(stalled)
	writer := writing(s, set)
	acknowledge(s, writer, 20)
	for _, p := range set.Live() {
		refuses(t, p, "", "")
		refuses(t, p, "", "another")
		refuses(t, p, contract.ReplicationUser(s.Namespace, set.Name), contract.ReplicationUser(s.Namespace, set.Name))
	}
	master.Delete()
	set.Start(master.Ordinal)
	next := set.WaitFormed(stalled)
	acknowledge(s, writer, 20)
	// A master that dies while Sentinels still list the pod that is gone has them forget it first, and with it the replicas: another matter.
	until(s, stalled, "Sentinels to list the pods that live", func(ctx context.Context) string {
		for _, p := range s.Sentinels.Live() {
			electable, listed := p.Replicas(ctx, set)
			for _, replica := range set.Live() {
				if replica != next && (len(listed) != 2 || !slices.Contains(electable, replica.Address.String())) {
					return fmt.Sprintf("%s lists %v, of which it could elect %v: %s is %s", p.Name, listed, electable, replica.Name, replica.Address)
				}
			}
		}
		return ""
	})
	crash := time.Now()
	next.Lose()
	until(s, stalled, "another master", func(context.Context) string {
		if now := set.Master(); now == nil || now == next {
			return "none yet"
		}
		return ""
	})
	next.Forget()
	set.Start(next.Ordinal)
	set.WaitFormed(stalled)
	acknowledge(s, writer, 20)
	for _, lost := range written(s, writer).Lost {
		if crash.Sub(lost.At) > time.Second || lost.At.After(crash) { // what a replica had not got yet dies with its master
			t.Errorf("write %d is lost, acknowledged %s before the crash", lost.Number, crash.Sub(lost.At))
		}
	}
	nothingLeaks(t, s, set)
}

// refuses tries to enter.
func refuses(t *testing.T, p *lab.Pod, user, password string) {
	t.Helper()
	client := redis.NewClient(&redis.Options{Addr: p.Redis().Options().Addr, Username: user, Password: password, Protocol: 2, DisableIdentity: true, MaxRetries: -1})
	defer client.Close() //nolint:errcheck // it was for one command
	err := client.Get(t.Context(), "x").Err()
	if err == nil || !strings.HasPrefix(err.Error(), "NOAUTH") && !strings.HasPrefix(err.Error(), "WRONGPASS") {
		t.Errorf("%s lets user %q with password %q in: %v", p.Name, user, password, err)
	}
	if password != "" {
		return
	}
	// The client presents nothing where the password is empty; somebody else may.
	if err := client.Do(t.Context(), "auth", cmp.Or(user, "default"), "").Err(); err == nil || !strings.HasPrefix(err.Error(), "WRONGPASS") {
		t.Errorf("%s lets user %q with an empty password in: %v", p.Name, user, err)
	}
}

// TestSecretWithoutAPassword: where the Secret has none nobody enters, and somebody is told why, until it has one.
func TestSecretWithoutAPassword(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *lab.Scene) {
		o := forms["secret"]
		o.Name, o.Replicas, o.Password = "redis", 2, clients
		o.Secrets = map[string]lab.UserSecret{"clients": {Dir: "/unused", Files: map[string]string{"pass": clients}}}
		s.StartSentinels()
		set := s.Set(o)
		set.StartAll()
		awaitEvent(s, "PasswordMissing")
		for _, p := range set.Live() {
			refuses(t, p, "", "")
			refuses(t, p, "", clients)
		}
		s.PutSecret("clients", map[string]string{contract.AuthKey: clients})
		for _, p := range set.Live() {
			p.Refresh()
		}
		set.WaitFormed(stalled)
		for _, p := range set.Live() {
			refuses(t, p, "", "")
		}
	})
}

// nothingLeaks looks for every password of a group: in the files of its pods but those that are for it, in the arguments and the
// environment of processes, in the logs, in the pods' own objects, in the record, and in Events.
func nothingLeaks(t *testing.T, s *lab.Scene, set *lab.Set) {
	t.Helper()
	release := keys.Release(lab.ReleaseKey)
	g := release.Group(s.Namespace, set.Name, 1)
	secrets := map[string]string{
		"replication": g.Replication(), "observer": g.Observer(),
		"monitor": release.Set(s.Namespace, "sentinel").Monitor(s.Namespace, set.Name, g.ID),
		"set key": keys.Text(release.Set(s.Namespace, "sentinel")),
	}
	written := s.Everything(t.Context())
	for what, secret := range secrets {
		if i := strings.Index(written, secret); i >= 0 {
			t.Errorf("the %s password stands in an object: …%s", what, written[max(0, i-200):i])
		}
		for _, p := range append(set.Live(), s.Sentinels.Live()...) {
			if strings.Contains(p.Arguments(), secret) {
				t.Errorf("the %s password is an argument or in the environment in %s", what, p.Name)
			}
			// Sentinel keeps what it presents in its own file, and nobody else mounts that.
			if found := p.Holds(secret, contract.KeysDir, contract.PeerDir, contract.ConfigDir+"/"+contract.SentinelConfDirectory); len(found) > 0 {
				t.Errorf("the %s password stands in %v of %s", what, found, p.Name)
			}
		}
	}
	for _, p := range set.Live() {
		own := strings.TrimSpace(p.File(contract.PrivateDir + "/password"))
		if own == "" {
			t.Fatalf("%s has no password of its own", p.Name)
		}
		if found := p.Holds(own, contract.PrivateDir); len(found) > 0 || strings.Contains(p.Arguments(), own) {
			t.Errorf("the agent's own password stands in %v of %s", found, p.Name)
		}
	}
}

// TestKeysRotateUnderLoad: a new generation of the group's own passwords takes the place of the old one while clients write, in any
// order in which kubelets bring it. No operation fails, no connection is closed, nothing restarts, and in the end only the new ones
// are accepted.
func TestKeysRotateUnderLoad(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *lab.Scene) {
		set, master := group(s, lab.Options{Password: clients, Args: []string{"--requirepass", clients}})
		keeping := master.Redis()
		defer keeping.Close() //nolint:errcheck // the test is over
		id := keeping.ClientID(t.Context()).Val()
		before := keys.Release(lab.ReleaseKey).Group(s.Namespace, set.Name, 1)
		after := keys.Release(lab.ReleaseKey).Group(s.Namespace, set.Name, 2)
		load := hammer(t, set)
		s.Rotate(set, 2)
		for _, p := range set.Live() {
			p.Refresh()
			pause(t, 300*time.Millisecond) // kubelets come at different times
		}
		user := contract.ReplicationUser(s.Namespace, set.Name)
		until(s, stalled, "the old generation to be withdrawn", func(ctx context.Context) string {
			for _, p := range set.Live() {
				if !enters(ctx, p, user, after.Replication()) {
					return p.Name + " does not know the new one"
				}
				if enters(ctx, p, user, before.Replication()) {
					return p.Name + " still knows the old one"
				}
			}
			return ""
		})
		if failed := load(); len(failed) > 0 {
			t.Errorf("%d operations failed, the first: %s", len(failed), failed[0])
		}
		if now := keeping.ClientID(t.Context()).Val(); now != id || id == 0 {
			t.Errorf("the connection was closed: client %d became %d", id, now)
		}
		for _, p := range set.Live() {
			if p.Restarts() > 0 {
				t.Errorf("%s was restarted", p.Name)
			}
		}
		electOther(s, set, master)
		set.WaitFormed(stalled)
	})
}

// TestClientsPasswordRotatesUnderLoad: the Secret changes, and the next turn of each agent accepts the new password; the one before
// is accepted too. A client that keeps its connection and one that makes a new one each time see nothing of it.
func TestClientsPasswordRotatesUnderLoad(t *testing.T) {
	oneVersion(t, "redis-7.0.15", func(t *testing.T, s *lab.Scene) {
		o := forms["secret"]
		o.Password = clients
		set, _ := group(s, o)
		load := hammer(t, set)
		s.PutSecret("clients", map[string]string{contract.AuthKey: "the next one"})
		for _, p := range set.Live() {
			p.Refresh()
		}
		until(s, stalled, "both passwords to be accepted", func(ctx context.Context) string {
			for _, p := range set.Live() {
				if !enters(ctx, p, "", "the next one") || !enters(ctx, p, "", clients) {
					return p.Name + " does not"
				}
			}
			return ""
		})
		if failed := load(); len(failed) > 0 {
			t.Errorf("%d operations failed, the first: %s", len(failed), failed[0])
		}
		for _, p := range set.Live() {
			p.CrashAgent(false) // it must not forget the password before, or lock clients out
		}
		pause(t, 3*time.Second)
		for _, p := range set.Live() {
			if !enters(t.Context(), p, "", clients) {
				t.Errorf("%s does not know the password before any more", p.Name)
			}
		}
	})
}

// TestPodsOfTheVersionBefore: while pods are replaced, those of the version before, which know no keys, and the new ones replicate
// from each other; when the last one is gone, its word is no password any more.
func TestPodsOfTheVersionBefore(t *testing.T) {
	oneVersion(t, "redis-7.0.15", func(t *testing.T, s *lab.Scene) {
		set, _ := group(s, lab.Options{WithoutKeys: true})
		writer := writing(s, set)
		user := contract.ReplicationUser(s.Namespace, set.Name)
		set.WithoutKeys = false
		for n := len(set.Pods) - 1; n >= 0; n-- {
			set.Pods[n].Delete()
			set.Start(n)
			set.WaitFormed(stalled)
			acknowledge(s, writer, 10)
			if known := enters(t.Context(), set.Pods[len(set.Pods)-1], user, user); known != (n > 0) {
				until(s, stalled, "the word of the version before to be what it should be", func(ctx context.Context) string {
					if enters(ctx, set.Pods[len(set.Pods)-1], user, user) == (n > 0) {
						return ""
					}
					return fmt.Sprintf("%d pods of the version before live, and it is accepted: %v", n, n == 0)
				})
			}
		}
		if w := written(s, writer); len(w.Lost) > 0 {
			t.Errorf("%d acknowledged writes are lost", len(w.Lost))
		}
	})
}

// enters reports whether a server knows a user by a password.
func enters(ctx context.Context, p *lab.Pod, user, password string) bool {
	client := redis.NewClient(&redis.Options{Addr: p.Redis().Options().Addr, Username: user, Password: password, Protocol: 2, DisableIdentity: true, MaxRetries: -1})
	defer client.Close() //nolint:errcheck // it was for one command
	err := client.Ping(ctx).Err()
	return err == nil || strings.HasPrefix(err.Error(), "NOPERM") || strings.HasPrefix(err.Error(), "MASTERDOWN") // it is in
}

// TestPasswordRequired: where policy requires a password and the user's files leave somebody without one, he is kept out; the default
// user from the first moment of a process on, also where its agent is away.
func TestPasswordRequired(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *lab.Scene) {
		const users = "user app on >app-password ~* &* +@all\nuser guest on nopass ~* &* +@all\n"
		s.StartSentinels()
		for name, o := range map[string]lab.Options{
			"redis-conf":  {Conf: users},
			"users-file":  {Args: []string{"--aclfile", "/etc/users/users.acl"}, Secrets: map[string]lab.UserSecret{"users": {Dir: "/etc/users", Files: map[string]string{"users.acl": users}}}},
			"user-option": {Args: []string{"--user", "app", "on", ">app-password", "~*", "&*", "+@all"}},
		} {
			o.Name, o.Replicas, o.PasswordRequired = name, 1, true
			set := s.Set(o)
			set.StartAll()
			p := set.Live()[0]
			until(s, stalled, "nobody to enter without a password, and who has one to", func(ctx context.Context) string {
				if enters(ctx, p, "guest", "anything") || !enters(ctx, p, "app", "app-password") {
					return "not yet"
				}
				return ""
			})
			refuses(t, p, "", "")
			awaitEvent(s, "PasswordMissing")
			p.CrashAgent(true)
			run := p.Restarts()
			p.CrashServer(false)
			until(s, stalled, "another process", func(ctx context.Context) string {
				if p.Restarts() == run || !enters(ctx, p, "app", "app-password") {
					return "not yet"
				}
				return ""
			})
			refuses(t, p, "", "")
			p.Release()
		}
	})
}
