// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
)

// refreshWithin covers the kubelet, which brings a changed Secret into a running pod in its own time.
const refreshWithin = 4 * time.Minute

// nextPassword takes the place of clientsPassword.
const nextPassword = "the-next-password"

// settled is how many operations a load sends before a change and after it.
const settled = 2 * perSecond

// TestRotationUnderLoad changes the clients' password, and then the passwords of this project's own users, while 1,000 operations
// a second come from clients that keep their connections and from one that never does. No operation fails, no connection is
// closed and nothing restarts.
func TestRotationUnderLoad(t *testing.T) {
	w := connect(t)
	in := namespace(t, w, map[string]string{"stage": "rotation"})
	group := applyWith(t, w, in, secret(contract.AuthKey, clientsPassword), annotated(contract.AnnotationAuthSecret, userFiles))
	before, _ := formed(t, w, group)
	rotateClients(t, w, group, before)
	rotateKeys(t, w, group, before)
	after, _ := formed(t, w, group)
	for i, node := range after.Nodes {
		if node.UID != before.Nodes[i].UID || node.Redis.RunID != before.Nodes[i].Redis.RunID {
			t.Errorf("%s is not the Redis that it was", node.Pod)
		}
	}
	pods, err := w.Pods(t.Context(), group)
	must(t, err)
	for i := range pods {
		if n := world.Restarts(&pods[i], contract.AgentContainer) + world.Restarts(&pods[i], contract.RedisContainer); n > 0 {
			t.Errorf("%d containers of %s were restarted", n, pods[i].Name)
		}
	}
	sentinelsAreThemselves(t, w, group)
	nothingLeaks(t, w, group)
	masterDeleted(t, w, group)
}

// rotateClients changes the Secret with the clients' password. The one before goes on being accepted, and this test's clients never
// present another.
func rotateClients(t *testing.T, w *world.World, group world.Group, view world.View) {
	t.Helper()
	load := startLoad(t, w, group, mustNode(t, view).Address)
	load.more(t, settled)
	began := time.Now()
	next := secret(contract.AuthKey, nextPassword)
	next.StringData[contract.AuthPreviousKey] = group.Password // for pods that are made from now on
	_, err := w.ApplyText(t.Context(), group.Namespace, manifest(t, next))
	must(t, err)
	hasten(t, w, group)
	_, err = world.Until(t.Context(), refreshWithin, "both passwords to be accepted", func(ctx context.Context) string {
		return anyMissing(ctx, w, view, known{login: world.Login{Password: nextPassword}, enters: true}, known{login: world.Login{Password: group.Password}, enters: true})
	})
	must(t, err)
	t.Logf("both passwords of the clients are accepted %.1f s after the Secret changed", time.Since(began).Seconds())
	load.more(t, settled)
	load.unharmed(t)
}

// rotateKeys raises the generation of the group's keys by a rule of policy. In the end only the new one is accepted.
func rotateKeys(t *testing.T, w *world.World, group world.Group, view world.View) {
	t.Helper()
	values := keepRelease(t, w)
	old := groupSecret(t.Context(), t, w, group)
	load := startLoad(t, w, group, mustNode(t, view).Address)
	began := time.Now()
	helm(t, w, append(upgrade(t, values), "-f", valuesFile(t, `policy:
  rules:
    - name: rotate
      namespaceSelector: {matchLabels: {stage: rotation}}
      settings: {keyGeneration: 2}
`))...)
	took, err := world.Until(t.Context(), reloadWithin, "the group's Secret to have another generation", func(ctx context.Context) string {
		if len(groupSecret(ctx, t, w, group)) == len(old) {
			return "it has one"
		}
		return ""
	})
	must(t, err)
	t.Logf("the group's Secret has another generation %.1f s after helm upgrade", took.Seconds())
	hasten(t, w, group)
	_, err = world.Until(t.Context(), refreshWithin, "the generation before to be withdrawn", func(ctx context.Context) string {
		var wanted []known
		for name, password := range groupSecret(ctx, t, w, group) {
			_, was := old[name]
			for prefix, user := range map[string]string{contract.KeyReplication: contract.ReplicationUser(group.Namespace, group.StatefulSet), contract.KeyObserver: contract.ObserverUser} {
				if strings.HasPrefix(name, prefix) {
					wanted = append(wanted, known{world.Login{User: user, Password: password}, !was})
				}
			}
		}
		return anyMissing(ctx, w, view, wanted...)
	})
	must(t, err)
	t.Logf("only the new generation is accepted %.1f s after helm upgrade was called", time.Since(began).Seconds())
	sentinelsPresent(t, w, group, view, old)
	load.more(t, settled)
	load.unharmed(t)
}

// known says whether a client shall be let in.
type known struct {
	login  world.Login
	enters bool
}

// anyMissing tries clients at all pods of a view, and says what is not as it should be.
func anyMissing(ctx context.Context, w *world.World, view world.View, wanted ...known) string {
	for _, node := range view.Nodes {
		for _, client := range wanted {
			enters, err := w.Enters(ctx, node.Address, client.login)
			switch {
			case err != nil:
				return node.Pod + ": " + err.Error()
			case enters && !client.enters:
				return node.Pod + " still lets user " + client.login.User + " in by a password of before"
			case !enters && client.enters:
				return node.Pod + " does not let user " + client.login.User + " in by the new password yet"
			}
		}
	}
	return ""
}

// sentinelsPresent holds that Sentinels come in by the password of the new generation, and by no other.
func sentinelsPresent(t *testing.T, w *world.World, group world.Group, view world.View, old map[string]string) {
	t.Helper()
	for name, hash := range groupSecret(t.Context(), t, w, group) {
		if _, was := old[name]; was || !strings.HasPrefix(name, contract.KeyMonitor) {
			continue
		}
		until(t, "Sentinels to present the new password alone", func(ctx context.Context) string {
			for _, node := range view.Nodes {
				user, err := w.In(group, node.Address).Do(ctx, "ACL", "GETUSER", contract.MonitorUser).Slice()
				if err != nil {
					return err.Error()
				}
				if hashes, _ := user[3].([]any); len(hashes) != 1 || hashes[0] != hash {
					return fmt.Sprintf("%s knows them by %d passwords", node.Pod, len(hashes))
				}
			}
			return ""
		})
	}
}

// hasten changes the group's pods, because a kubelet looks after the volumes of a pod that changes.
func hasten(t *testing.T, w *world.World, group world.Group) {
	t.Helper()
	pods, err := w.Pods(t.Context(), group)
	must(t, err)
	for _, pod := range pods {
		_, err := w.Kubectl(t.Context(), "", "annotate", "pod", pod.Name, "-n", pod.Namespace, "--overwrite", "look-again="+time.Now().UTC().Format("150405"))
		must(t, err)
	}
}

// valuesFile is a file of values for the chart.
func valuesFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "more-values.yaml")
	must(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}
