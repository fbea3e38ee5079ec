// SPDX-License-Identifier: Apache-2.0

package apiserver

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

func TestLabelledStatefulSetBecomesAGroup(t *testing.T) {
	w := install(t)
	w.start(t)
	ns := w.tenant(t)
	set := labelled(ns, 0)
	create(t, w.client, set)
	if set.Spec.Template.Labels[contract.LabelOptIn] != contract.OptInEnabled {
		t.Fatalf("the template has labels %v, want it stamped", set.Spec.Template.Labels)
	}

	missing := labelled(ns, 0)
	missing.Name, missing.UID, missing.Spec.Template.Labels = "missing", "1", set.Spec.Template.Labels
	dry := podOf(missing, 0)
	if err := w.client.Create(t.Context(), dry, client.DryRunAll); err != nil {
		t.Fatalf("dry-run: %v", err)
	}
	if len(dry.Spec.InitContainers) != 1 {
		t.Error("on dry-run the pod is not injected")
	}
	if err := w.client.Get(t.Context(), client.ObjectKey{Namespace: ns, Name: "redis-sentinel-missing"}, &coordinationv1.Lease{}); !apierrors.IsNotFound(err) {
		t.Fatalf("a dry-run made the record (%v)", err)
	}

	pod := podOf(set, 0)
	create(t, w.client, pod)
	if pod.Spec.InitContainers[0].Name != contract.AgentContainer || pod.Labels[contract.LabelGroup] != "redis" || pod.Spec.ServiceAccountName != "redis-sentinel-redis" {
		t.Errorf("the pod is not injected: labels %v, account %q", pod.Labels, pod.Spec.ServiceAccountName)
	}
	if !strings.Contains(fmt.Sprint(pod.Spec.Containers[0].Lifecycle), contract.HookHeader) {
		t.Error("the preStop hook is missing")
	}
	versions(t, w.client, ns)
	if !strings.Contains(w.metrics(t), `redis_sentinel_webhook_admissions_total{kind="Pod",reason="Injected",result="patched"}`) {
		t.Error("the admission was not counted")
	}

	typo := podOf(set, 1)
	typo.Labels[contract.LabelOptIn] = "true"
	if err := w.client.Create(t.Context(), typo); !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), "enabled") {
		t.Errorf("a wrong label is answered by %v", err)
	}
	if strings.Contains(w.log.String(), "redis:7.0") {
		t.Error("the log repeats the pod")
	}
}

func TestGroupFollowsPolicyAndSentinels(t *testing.T) {
	w := install(t)
	w.start(t)
	ns := w.tenant(t)
	sentinels := statefulSet(w.namespace, "sentinel", "sentinel-headless", 3, nil)
	create(t, w.client, sentinels)
	set := labelled(ns, 0)
	create(t, w.client, set)
	pod := podOf(set, 0)
	create(t, w.client, pod)
	record := func(what string, want func(s contract.GroupSettings) bool) {
		t.Helper()
		eventually(t, 10*time.Second, what, func() error {
			live := get(t, w.client, ns, "redis-sentinel-redis", &coordinationv1.Lease{})
			settings, err := contract.DecodeGroupSettings(live.Annotations[contract.RecordSettings])
			if err == nil && !want(settings) {
				err = fmt.Errorf("the record says %+v", settings)
			}
			return err
		})
	}
	record("first settings", func(s contract.GroupSettings) bool { return s.DownAfterMs == 5000 && s.Sentinels.Replicas == 3 })

	w.writePolicy(t, "9s")
	record("settings of the changed policy", func(s contract.GroupSettings) bool { return s.DownAfterMs == 9000 })

	w.replacePolicy(t, "kind: nonsense")
	eventually(t, 10*time.Second, "an unusable policy is told by a metric", func() error {
		if !strings.Contains(w.metrics(t), "redis_sentinel_webhook_policy_valid 0") {
			return errors.New("the metric still says 1")
		}
		return nil
	})
	record("the old policy holds", func(s contract.GroupSettings) bool { return s.DownAfterMs == 9000 })

	five := int32(5)
	live := get(t, w.client, w.namespace, "sentinel", sentinels)
	live.Spec.Replicas = &five
	if err := w.client.Update(t.Context(), live); err != nil {
		t.Fatal(err)
	}
	record("the new size of the Sentinel set", func(s contract.GroupSettings) bool { return s.Sentinels.Replicas == 5 })

	if err := w.client.Delete(t.Context(), get(t, w.client, ns, "redis-master", &corev1.Service{})); err != nil {
		t.Fatal(err)
	}
	eventually(t, 10*time.Second, "a deleted Service is back", func() error {
		return w.client.Get(t.Context(), client.ObjectKey{Namespace: ns, Name: "redis-master"}, &corev1.Service{})
	})
}

func TestGroupIsRemovedWithItsLastClaim(t *testing.T) {
	w := install(t)
	w.start(t)
	ns := w.tenant(t)
	set := labelled(ns, 0)
	create(t, w.client, set)
	pod := podOf(set, 0)
	create(t, w.client, pod)
	now := int64(0)
	remove := func(o client.Object) {
		t.Helper()
		if err := w.client.Delete(t.Context(), o, &client.DeleteOptions{GracePeriodSeconds: &now}); err != nil {
			t.Fatal(err)
		}
	}
	remove(set)
	time.Sleep(time.Second)
	versions(t, w.client, ns)
	remove(pod)
	eventually(t, 30*time.Second, "everything is removed", func() error {
		for what, o := range objectsOf() {
			_, name, _ := strings.Cut(what, " ")
			if err := w.client.Get(t.Context(), client.ObjectKey{Namespace: ns, Name: name}, o); !apierrors.IsNotFound(err) {
				return fmt.Errorf("%s is still there (%w)", what, err)
			}
		}
		return nil
	})
}

func TestClaimKeepsTheRecord(t *testing.T) {
	w := install(t)
	w.start(t)
	ns := w.tenant(t)
	set := labelled(ns, 0)
	create(t, w.client, set)
	pod := podOf(set, 0)
	create(t, w.client, pod)
	claim := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "data-redis-2"}}
	claim.Spec.AccessModes = []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce}
	claim.Spec.Resources.Requests = corev1.ResourceList{corev1.ResourceStorage: *quantity("1Mi")}
	create(t, w.client, claim)
	now := int64(0)
	for _, o := range []client.Object{pod, set} {
		if err := w.client.Delete(t.Context(), o, &client.DeleteOptions{GracePeriodSeconds: &now}); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(3 * time.Second)
	versions(t, w.client, ns)
}

func TestStoppingReplicaServesUntilNobodyCalls(t *testing.T) {
	w := install(t)
	w.start(t)
	ns := w.tenant(t)
	set := labelled(ns, 0)
	create(t, w.client, set)
	admitted := func() error { return w.client.Create(t.Context(), podOf(set, 0), client.DryRunAll) }
	if err := admitted(); err != nil {
		t.Fatal(err)
	}
	if err := w.process.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	eventually(t, time.Second, "no longer ready", func() error {
		if _, err := fetch(t.Context(), w.health, "/readyz"); err == nil {
			return errors.New("ready")
		}
		return nil
	})
	calls := 0
	for end := time.Now().Add(1200 * time.Millisecond); time.Now().Before(end); calls++ {
		if err := admitted(); err != nil {
			t.Fatalf("call %d after SIGTERM: %v", calls, err)
		}
	}
	if err := w.process.Wait(); err != nil {
		t.Errorf("the process ended with %v after %d calls\n%s", err, calls, w.log)
	}
}

func TestOutageEndsWithATouch(t *testing.T) {
	w := install(t)
	ns := newNamespace(t, w.client, nil)
	set := labelled(ns, 2) // in a namespace that is not sent to the webhook, as if made before it was installed
	create(t, w.client, set)
	time.Sleep(11 * time.Second)
	w.start(t)
	eventually(t, 5*time.Second, "touched", func() error {
		if get(t, w.client, ns, "redis", set); set.Annotations[contract.AnnotationTouched] == "" {
			return errors.New("no annotation")
		}
		return nil
	})
}

// TestSentinelSetOfAUserIsBoundWhenItIsProven has the group first, and its Sentinel set, which only the group's annotation names,
// later: with the set's first pod its account gets the rights on the group.
func TestSentinelSetOfAUserIsBoundWhenItIsProven(t *testing.T) {
	w := install(t)
	w.start(t)
	ns := w.tenant(t)
	set := labelled(ns, 0)
	set.Spec.Template.Annotations = map[string]string{contract.AnnotationSentinels: "watch"}
	create(t, w.client, set)
	create(t, w.client, podOf(set, 0))
	if got := subjects(t, w.client, ns); got != "" {
		t.Fatalf("bound to %s before there is a set", got)
	}
	watch := statefulSet(ns, "watch", "watch-headless", 0, map[string]string{contract.LabelOptIn: contract.OptInEnabled})
	watch.Spec.Template.Spec.Containers[0] = corev1.Container{Name: contract.SentinelContainer, Image: "redis:7.0", Args: []string{"redis-sentinel"}}
	create(t, w.client, watch)
	create(t, w.client, podOf(watch, 0))
	eventually(t, 15*time.Second, "its account is bound", func() error {
		if got := subjects(t, w.client, ns); got != "redis-sentinel-watch, redis-sentinel-watch" {
			return fmt.Errorf("bound to %q", got)
		}
		return nil
	})
	eventually(t, 15*time.Second, "the record says so", func() error { // it is written after the bindings
		record := get(t, w.client, ns, "redis-sentinel-redis", &coordinationv1.Lease{})
		if writers := record.Annotations[contract.RecordWriters]; !strings.HasSuffix(writers, ":redis-sentinel-watch") || record.Annotations[contract.RecordCondition] != "" {
			return fmt.Errorf("the record has writers %q and condition %q", writers, record.Annotations[contract.RecordCondition])
		}
		return nil
	})
}
