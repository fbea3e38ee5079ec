// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
)

// TestRelease takes the label off a group: refused, because it would leave three plain masters, until the user confirms it.
// Then pod 0 holds the data in the end, whichever pod was master.
func TestRelease(t *testing.T) {
	w := connect(t)
	in := namespace(t, w, nil)
	group := apply(t, w, in, plain("redis", labelled, persistent))
	formed(t, w, group)
	// The master is not pod 0, or the agents would have nothing to hand over.
	must(t, w.DeletePod(t.Context(), in, group.Pod(0)))
	until(t, "another master than pod 0", func(ctx context.Context) string {
		view, err := w.Look(ctx, group)
		if err != nil {
			return err.Error()
		}
		if master, one := view.Master(); !one || master.Pod == group.Pod(0) {
			return "pod 0 leads"
		}
		return ""
	})
	formed(t, w, group)
	fill(t, w, group, masterOrdinal(t, w, group))

	_, err := w.Kubectl(t.Context(), "", "label", "statefulset", "redis", "-n", in, contract.LabelOptIn+"-")
	refusal := refused(t, err)
	t.Logf("refused: %s", refusal)
	if !strings.Contains(refusal, contract.AnnotationRelease) || !strings.Contains(refusal, contract.ReleaseConfirmed) {
		t.Errorf("the refusal does not name the remedy %s=%s", contract.AnnotationRelease, contract.ReleaseConfirmed)
	}

	_, err = w.Kubectl(t.Context(), "", "annotate", "statefulset", "redis", "-n", in, contract.AnnotationRelease+"="+contract.ReleaseConfirmed)
	must(t, err)
	_, err = w.Kubectl(t.Context(), "", "label", "statefulset", "redis", "-n", in, contract.LabelOptIn+"-")
	must(t, err)
	replaced := until(t, "plain pods", func(ctx context.Context) string {
		pods, failure := w.Pods(ctx, group)
		if failure != nil {
			return failure.Error()
		}
		for _, pod := range pods {
			if len(pod.Spec.InitContainers) > 0 {
				return pod.Name + " still has the agent"
			}
		}
		return ""
	})
	t.Logf("released: all pods are plain and Ready %.1f s later", (replaced + rolledOut(t, w, group)).Seconds())
	view, err := w.Look(t.Context(), group)
	must(t, err)
	node, _ := view.Node(group.Pod(0))
	if missing := missingKeys(t, w, group, node.Address); missing > 0 {
		t.Errorf("%d keys of %d are gone from pod 0", missing, adoptedKeys)
	}
}

// TestNamespaceLabel opts in a whole namespace. A StatefulSet that says disabled stays plain, and so does one that is not a
// Redis.
func TestNamespaceLabel(t *testing.T) {
	w := connect(t)
	in := namespace(t, w, map[string]string{contract.LabelOptIn: contract.OptInEnabled})
	group := apply(t, w, in, plain("redis"))
	out := apply(t, w, in, plain("aside", optIn(contract.OptInDisabled), replicas(1)))
	_, took := formed(t, w, group)
	t.Logf("formed after %.1f s by the label of the namespace", took.Seconds())
	rolledOut(t, w, out)
	if pod := readPod(t, w, in, out.Pod(0)); len(pod.Spec.InitContainers) > 0 {
		t.Errorf("pod %s is labelled disabled and got the agent", pod.Name)
	}
}

// masterOrdinal is the ordinal of the group's master.
func masterOrdinal(t *testing.T, w *world.World, group world.Group) int {
	t.Helper()
	view, err := w.Look(t.Context(), group)
	must(t, err)
	master, one := view.Master()
	if !one {
		t.Fatalf("the group has no single master: %s", view)
	}
	var ordinal int
	_, err = fmt.Sscanf(strings.TrimPrefix(master.Pod, group.StatefulSet+"-"), "%d", &ordinal)
	must(t, err)
	return ordinal
}

// refused returns what kubectl said when it was refused; an error of another kind, or none, ends the test.
func refused(t *testing.T, err error) string {
	t.Helper()
	var failed *world.KubectlError
	if !errors.As(err, &failed) {
		t.Fatalf("this should be refused, but the error is: %v", err)
	}
	return strings.TrimSpace(failed.Output)
}

// mustNotExist fails the test when the StatefulSet exists.
func mustNotExist(t *testing.T, w *world.World, namespace, name string) {
	t.Helper()
	if _, err := w.Client.AppsV1().StatefulSets(namespace).Get(t.Context(), name, metav1.GetOptions{}); err == nil {
		t.Errorf("StatefulSet %s was refused, but it exists", name)
	}
}
