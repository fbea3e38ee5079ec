// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/keys"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
)

// nothingLeaks looks for the clients' password and for those of this project's own users in all that others than their owners
// can read: objects, Events, records, logs and pages of agents, of the group and of its Sentinels.
func nothingLeaks(t *testing.T, w *world.World, group world.Group) {
	t.Helper()
	said := readable(t, w, group)
	for what, password := range passwords(t, w, group) {
		for where, text := range said {
			if i := strings.Index(text, password); i >= 0 {
				t.Errorf("the password of %s stands in %s: …%s", what, where, text[max(0, i-200):i])
			}
		}
	}
}

// readable is what can be read of a group, by where it stands.
func readable(t *testing.T, w *world.World, group world.Group) map[string]string {
	t.Helper()
	said := map[string]string{}
	for _, in := range []string{group.Namespace, group.Sentinels.Namespace} {
		objects, err := w.Kubectl(t.Context(), "", "get", "pods,statefulsets,controllerrevisions,leases,services,events,serviceaccounts,roles,rolebindings", "-n", in, "-o", "json")
		must(t, err)
		said["the objects of "+in] = objects
		pods, err := w.Client.CoreV1().Pods(in).List(t.Context(), metav1.ListOptions{})
		must(t, err)
		for _, pod := range pods.Items {
			log, err := w.Logs(t.Context(), pod)
			must(t, err)
			said["the logs of "+pod.Name] = log
			if len(pod.Spec.InitContainers) == 0 { // a webhook
				continue
			}
			for _, path := range []string{contract.PathStatus, contract.PathMetrics} {
				page, err := w.Page(t.Context(), pod, path)
				must(t, err)
				said[path+" of "+pod.Name] = page
			}
		}
	}
	return said
}

// passwords are all that a group has, by whose they are.
func passwords(t *testing.T, w *world.World, group world.Group) map[string]string {
	t.Helper()
	all := map[string]string{"the clients": group.Password}
	for name, value := range sentinelSecret(t, w, group) {
		all[name+" of the Sentinels"] = value
	}
	for name, value := range groupSecret(t.Context(), t, w, group) {
		if strings.HasPrefix(name, contract.KeyMonitor) { // a hash
			continue
		}
		all[name] = value
		if id, replication := strings.CutPrefix(name, contract.KeyReplication); replication {
			all["the Sentinels' user, "+id] = monitorPassword(t, w, group, id)
		}
	}
	if len(all) < 5 {
		t.Fatalf("the group and its Sentinels have %d passwords: too few to say that none leaks", len(all))
	}
	return all
}

// monitorPassword is what the Sentinels of a group present in a generation of its keys.
func monitorPassword(t *testing.T, w *world.World, group world.Group, id string) string {
	t.Helper()
	key, err := keys.Parse([]byte(sentinelSecret(t, w, group)[contract.PeerSecretKey+keys.FingerprintOf(id)]))
	must(t, err)
	return keys.Set(key).Monitor(group.Namespace, group.StatefulSet, id)
}

// groupSecret is the Secret of a group's own users.
func groupSecret(ctx context.Context, t *testing.T, w *world.World, group world.Group) map[string]string {
	t.Helper()
	return readSecret(ctx, t, w, group.Namespace, contract.ObjectName(group.StatefulSet))
}

// sentinelSecret is what the Sentinels of a group's set share.
func sentinelSecret(t *testing.T, w *world.World, group world.Group) map[string]string {
	t.Helper()
	return readSecret(t.Context(), t, w, group.Sentinels.Namespace, contract.PeerSecretName(group.Sentinels.Name))
}

func readSecret(ctx context.Context, t *testing.T, w *world.World, namespace, name string) map[string]string {
	t.Helper()
	held, err := w.Client.CoreV1().Secrets(namespace).Get(ctx, name, metav1.GetOptions{})
	must(t, err)
	text := map[string]string{}
	for name, value := range held.Data {
		text[name] = string(value)
	}
	return text
}
