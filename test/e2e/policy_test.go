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

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
)

// reloadWithin covers the kubelet, which brings a changed ConfigMap into a pod within its sync period and its cache's life.
const reloadWithin = 4 * time.Minute

// TestPolicyReload gives the release the policy of examples/policy while it runs: an override that was allowed is refused, and
// a group in a namespace that a rule selects is watched as the rule says, without a restart of any webhook.
func TestPolicyReload(t *testing.T) {
	w := connect(t)
	root, err := world.Root()
	must(t, err)
	values := keepRelease(t, w)
	in := namespace(t, w, map[string]string{"stage": "production"})
	example := filepath.Join(root, "examples", "policy")
	refusedFile := filepath.Join(example, "refused.yaml")
	dryRun := func(ctx context.Context) error {
		_, refusal := w.Kubectl(ctx, "", "apply", "-n", in, "--dry-run=server", "-f", refusedFile)
		return refusal
	}
	must(t, dryRun(t.Context()))
	before := webhookPods(t, w)

	helm(t, w, append(upgrade(t, values), "-f", filepath.Join(example, "values.yaml"))...)
	var said string
	took, err := world.Until(t.Context(), reloadWithin, "a webhook to load the policy", func(ctx context.Context) string {
		refusal := dryRun(ctx)
		if refusal == nil {
			return "an override that the policy does not allow is admitted"
		}
		said = refusal.Error()
		return ""
	})
	must(t, err)
	t.Logf("loaded %.0f s after helm upgrade; refused: %s", took.Seconds(), strings.TrimSpace(said))
	if !strings.Contains(said, "down-after") || !strings.Contains(said, "impatient") {
		t.Errorf("the refusal names neither the field nor the object: %s", said)
	}
	for uid, restarts := range webhookPods(t, w) {
		if was, same := before[uid]; !same || was != restarts {
			t.Errorf("a webhook was restarted to load the policy")
		}
	}

	group := apply(t, w, in, plain("redis", labelled))
	formed(t, w, group)
	// The other replica may load the file later; the one that has loaded it corrects the record.
	waited, err := world.Until(t.Context(), reloadWithin, "the record to say what the rule says", func(ctx context.Context) string {
		lease, failure := w.Client.CoordinationV1().Leases(in).Get(ctx, contract.ObjectName(group.StatefulSet), metav1.GetOptions{})
		if failure != nil {
			return failure.Error()
		}
		settings, failure := contract.DecodeGroupSettings(lease.Annotations[contract.RecordSettings])
		if failure != nil {
			return failure.Error()
		}
		if settings.DownAfterMs != 3000 {
			return fmt.Sprintf("down-after is %d ms and not 3000", settings.DownAfterMs)
		}
		return ""
	})
	must(t, err)
	t.Logf("the record says what the rule says %.1f s after the group formed", waited.Seconds())
}

// TestProtectedImage runs an image that keeps protected mode on, as distributions ship it: peers and Sentinels have to reach it
// all the same, because no setting of the user's forbids it.
func TestProtectedImage(t *testing.T) {
	w := connect(t)
	group := apply(t, w, namespace(t, w, nil), plain("redis", labelled, image(redisImage+"-protected")))
	view, took := formed(t, w, group)
	t.Logf("formed after %.1f s", took.Seconds())
	must(t, w.At(mustNode(t, view).Address).Set(t.Context(), "from-outside", "1", 0).Err())
}

// webhookPods are the restarts of the webhook's pods by uid.
func webhookPods(t *testing.T, w *world.World) map[string]int32 {
	t.Helper()
	pods, err := w.Client.CoreV1().Pods(world.ChartSentinels.Namespace).List(t.Context(), metav1.ListOptions{LabelSelector: "app.kubernetes.io/component=webhook"})
	must(t, err)
	restarts := map[string]int32{}
	for i := range pods.Items {
		if pod := &pods.Items[i]; pod.DeletionTimestamp == nil && pod.Status.Phase == corev1.PodRunning {
			restarts[string(pod.UID)] = world.Restarts(pod, "webhook")
		}
	}
	return restarts
}

// keepRelease restores the release as it is now when the test ends, whatever happens in it, and returns its values.
func keepRelease(t *testing.T, w *world.World) (values string) {
	t.Helper()
	values = filepath.Join(t.TempDir(), "values.yaml")
	must(t, os.WriteFile(values, []byte(helm(t, w, "get", "values", release, "-o", "yaml")), 0o600))
	t.Cleanup(func() {
		ctx, cancel := afterwards(t)
		defer cancel()
		if output, err := runHelm(ctx, w, upgrade(t, values)...); err != nil {
			t.Errorf("putting the release back: %v: %s", err, output)
		}
	})
	return values
}
