// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
)

// TestSettingsLive annotates the StatefulSet of a running group: every Sentinel watches by the new values and the master counts its replicas by
// the new down-after, and no pod is replaced; so it is when the annotations go again.
func TestSettingsLive(t *testing.T) {
	w := connect(t)
	group := apply(t, w, namespace(t, w, nil), plain("redis", labelled))
	formed(t, w, group)
	before := uids(t, w, group)
	annotate := func(annotations ...string) {
		t.Helper()
		said, err := w.Kubectl(t.Context(), "", append([]string{"annotate", "--overwrite", "-n", group.Namespace, "statefulset", group.StatefulSet}, annotations...)...)
		must(t, err)
		if strings.Contains(said, "replaces its pods") {
			t.Errorf("told that pods are replaced: %s", said)
		}
	}
	annotate(contract.AnnotationQuorum+"=3", contract.AnnotationDownAfter+"=7s", contract.AnnotationFailoverTimeout+"=33s", contract.AnnotationParallelSyncs+"=2")
	watched(t, w, group, 3, 7000, "33000", "2")
	lagged(t, w, group, "5")
	annotate(contract.AnnotationQuorum+"-", contract.AnnotationDownAfter+"-", contract.AnnotationFailoverTimeout+"-", contract.AnnotationParallelSyncs+"-")
	watched(t, w, group, 2, contract.DefaultDownAfterMs, strconv.Itoa(contract.DefaultFailoverTimeoutMs), "1")
	lagged(t, w, group, "3")
	formed(t, w, group)
	if after := uids(t, w, group); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("pods were replaced: %v became %v", before, after)
	}
}

// uids are those of the group's pods by name.
func uids(t *testing.T, w *world.World, group world.Group) map[string]types.UID {
	t.Helper()
	pods, err := w.Pods(t.Context(), group)
	must(t, err)
	out := map[string]types.UID{}
	for i := range pods {
		out[pods[i].Name] = pods[i].UID
	}
	return out
}

// watched waits until every Sentinel of the chart's set watches the group so. They are parted in time by 400 ms each,
// around the one that makes the quorum.
func watched(t *testing.T, w *world.World, group world.Group, quorum, downAfter int, timeout, syncs string) {
	t.Helper()
	sentinels, err := w.Client.CoreV1().Pods(world.ChartSentinels.Namespace).List(t.Context(), metav1.ListOptions{LabelSelector: contract.LabelSentinelSet + "=" + world.ChartSentinels.Name})
	must(t, err)
	for i := range sentinels.Items {
		pod := &sentinels.Items[i]
		ordinal, _ := strconv.Atoi(pod.Name[strings.LastIndex(pod.Name, "-")+1:])
		want := map[string]string{
			"quorum": strconv.Itoa(quorum), "down-after-milliseconds": strconv.Itoa(downAfter + 400*(ordinal-(quorum-1))), "failover-timeout": timeout, "parallel-syncs": syncs,
		}
		took, err := world.Until(t.Context(), generous, fmt.Sprintf("%s to watch by %v", pod.Name, want), func(ctx context.Context) string {
			return otherwise(ctx, w, pod, group, want)
		})
		must(t, err)
		t.Logf("%s watches by %v after %.1f s", pod.Name, want, took.Seconds())
	}
}

// otherwise says what a Sentinel has otherwise; empty where nothing.
func otherwise(ctx context.Context, w *world.World, pod *corev1.Pod, group world.Group, want map[string]string) string {
	reply := redis.NewMapStringStringCmd(ctx, "sentinel", "master", group.MasterName())
	if err := w.At(net.JoinHostPort(pod.Status.PodIP, strconv.Itoa(contract.SentinelPort))).Process(ctx, reply); err != nil {
		return err.Error()
	}
	for name, value := range want {
		if got := reply.Val()[name]; got != value {
			return fmt.Sprintf("%s is %q, want %s", name, got, value)
		}
	}
	return ""
}

// lagged waits until the master has this min-replicas-max-lag.
func lagged(t *testing.T, w *world.World, group world.Group, want string) {
	t.Helper()
	_, _, err := w.WaitView(t.Context(), group, generous, "a min-replicas-max-lag of "+want, func(view world.View) string {
		master, there := view.Master()
		if !there {
			return "there is no master"
		}
		has, err := w.At(master.Address).ConfigGet(t.Context(), "min-replicas-max-lag").Result()
		if err != nil || has["min-replicas-max-lag"] != want {
			return fmt.Sprintf("%s has %v (%v)", master.Pod, has, err)
		}
		return ""
	})
	must(t, err)
}
