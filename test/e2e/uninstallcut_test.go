// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
)

// removalOrder is the order in which helm removes the kinds that the chart has; those that are not named go first.
var removalOrder = []string{
	"Service", "Deployment", "StatefulSet", "RoleBinding", "Role", "ClusterRoleBinding", "ClusterRole", "ConfigMap", "Secret",
	"ServiceAccount", "PodDisruptionBudget", "NetworkPolicy",
}

// TestUninstallInterrupted ends helm in the middle of an uninstall, and then goes on object by object: at no point is another
// user's pod refused or the running group moved, and a second uninstall finishes the work.
func TestUninstallInterrupted(t *testing.T) {
	w := connect(t)
	in := namespace(t, w, nil)
	group := apply(t, w, in, plain("redis", labelled))
	before, _ := formed(t, w, group)
	master := mustNode(t, before)
	values := keepRelease(t, w)
	manifest := helm(t, w, "get", "manifest", release)

	interrupt(t, w)
	serves := func(after string) {
		t.Helper()
		if refusal := admits(t.Context(), w, in); refusal != "" {
			t.Errorf("after %s: %s", after, refusal)
		}
		if err := w.At(master.Address).Set(t.Context(), "interrupted", after, 0).Err(); err != nil {
			t.Errorf("after %s the master refuses writes: %v", after, err)
		}
	}
	serves("helm was killed")
	objects := removable(t, manifest)
	for _, object := range objects {
		name := object.GetKind() + " " + object.GetName()
		text, err := yaml.Marshal(object.Object)
		must(t, err)
		_, err = w.Kubectl(t.Context(), string(text), "delete", "--ignore-not-found", "--wait=false", "-n", world.ChartSentinels.Namespace, "-f", "-")
		must(t, err)
		serves("the removal of " + name)
	}
	t.Logf("other users' pods were admitted and the group served after each of %d removals", len(objects))
	t.Log("a second helm uninstall: ", lastLines(helm(t, w, "uninstall", release, "--no-hooks", "--wait", "--timeout", "2m")))
	helm(t, w, upgrade(t, values)...)
	if view, _ := formed(t, w, group); !sameMaster(view, master) {
		t.Errorf("the master was %s: %s", master.Pod, view)
	}
}

// interrupt kills helm while it uninstalls: the first objects are gone, and it waits for them.
func interrupt(t *testing.T, w *world.World) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "helm", "uninstall", release, "--wait", "--timeout", "2m", "-n", world.ChartSentinels.Namespace)
	command.Env = append(os.Environ(), "KUBECONFIG="+w.Kubeconfig())
	must(t, command.Start())
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	until(t, "the first objects to be gone", func(ctx context.Context) string {
		_, err := w.Client.CoreV1().Services(world.ChartSentinels.Namespace).Get(ctx, release, metav1.GetOptions{})
		if err != nil {
			return ""
		}
		return "the webhook's Service is there"
	})
	must(t, command.Process.Kill())
	if err := <-ended; err == nil {
		t.Log("NOTE: helm had finished before it was killed")
	}
}

// removable are the objects of a manifest in the order in which helm removes them.
func removable(t *testing.T, manifest string) []*unstructured.Unstructured {
	t.Helper()
	var objects []*unstructured.Unstructured
	for document := range strings.SplitSeq(manifest, "\n---\n") {
		object := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(document), &object.Object); err != nil {
			t.Fatal(fmt.Errorf("reading the release's manifest: %w", err))
		}
		if object.GetKind() != "" {
			objects = append(objects, object)
		}
	}
	slices.SortStableFunc(objects, func(a, b *unstructured.Unstructured) int {
		return slices.Index(removalOrder, a.GetKind()) - slices.Index(removalOrder, b.GetKind())
	})
	return objects
}
