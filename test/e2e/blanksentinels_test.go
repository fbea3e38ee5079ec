// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
)

// TestBlankSentinels makes all Sentinels lose their memory at once while a group is running whose master is not pod 0: they
// have to name the right master again, and nothing about the group may change.
func TestBlankSentinels(t *testing.T) {
	w := connect(t)
	group := apply(t, w, namespace(t, w, nil), plain("redis", labelled))
	before, _ := formed(t, w, group)
	first, _ := before.Master()
	must(t, w.CrashPod(t.Context(), group.Namespace, first.Pod))
	until(t, "the crashed pod to be gone", func(ctx context.Context) string {
		if view, err := w.Look(ctx, group); err != nil || view.Elected() != "" {
			return fmt.Sprintf("%v %s", err, view.Elected())
		} else if now, _ := view.Master(); now.UID == first.UID {
			return "it still leads"
		}
		return ""
	})
	before, _ = formed(t, w, group)
	master, _ := before.Master()
	sentinelsKeep(t, w, group, master)
	writer := writing(t, w, group, world.Writes{})

	old := map[string]bool{}
	pods, err := w.Client.CoreV1().Pods(group.Sentinels.Namespace).List(t.Context(), metav1.ListOptions{LabelSelector: contract.LabelSentinelSet + "=" + group.Sentinels.Name})
	must(t, err)
	for _, pod := range pods.Items {
		old[string(pod.UID)] = true
		must(t, w.ForceDeletePod(t.Context(), pod.Namespace, pod.Name))
	}
	after, took, err := w.WaitView(t.Context(), group, generous, "blank Sentinels to name the master again", func(view world.View) string {
		return view.Missing()
	})
	must(t, err)
	pods, err = w.Client.CoreV1().Pods(group.Sentinels.Namespace).List(t.Context(), metav1.ListOptions{LabelSelector: contract.LabelSentinelSet + "=" + group.Sentinels.Name})
	must(t, err)
	for _, pod := range pods.Items {
		if old[string(pod.UID)] {
			t.Errorf("Sentinel %s is not a new one", pod.Name)
		}
	}
	t.Logf("all three Sentinels name %s again after %.1f s", master.Pod, took.Seconds())
	if now, _ := after.Master(); now.UID != master.UID || now.Redis.RunID != master.Redis.RunID {
		t.Errorf("the master was %s and is %s", master.Pod, now.Pod)
	}
	acknowledged(t, writer, 100)
	if written := stopped(t, writer); len(written.Lost) > 0 {
		t.Errorf("%d writes lost", len(written.Lost))
	}
}

// sentinelsKeep checks that every Sentinel has written into its file what it knows. Sentinel goes on without, and says so only
// in its log: a vote that was not written down is cast twice after a restart.
func sentinelsKeep(t *testing.T, w *world.World, group world.Group, master world.Node) {
	t.Helper()
	host, port, err := net.SplitHostPort(master.Address)
	must(t, err)
	pods, err := w.Client.CoreV1().Pods(group.Sentinels.Namespace).List(t.Context(), metav1.ListOptions{LabelSelector: contract.LabelSentinelSet + "=" + group.Sentinels.Name})
	must(t, err)
	want := fmt.Sprintf("sentinel monitor %s %s %s ", group.MasterName(), host, port)
	for _, pod := range pods.Items {
		until(t, "the file of "+pod.Name+" to name "+master.Address, func(ctx context.Context) string {
			text, err := w.Exec(ctx, pod.Namespace, pod.Name, contract.SentinelContainer, "cat", contract.SentinelConfFile)
			if err != nil {
				return err.Error()
			}
			if !strings.Contains(text, want) {
				return "it has no line " + want
			}
			return ""
		})
	}
}
