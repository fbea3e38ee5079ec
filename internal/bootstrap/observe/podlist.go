// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"strconv"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// podList is the group's pods by a live list. A watch of them may stand still, or show what was left when it failed, and says nothing
// of that; so whatever depends on the absence of a pod waits for a list.
type podList struct {
	mu      sync.Mutex
	pods    []*corev1.Pod
	version uint64
	at      time.Time
	reading bool
}

// podsNow are the pods of the list or of the watch, whichever is newer, and when the list was made.
func (g *Group) podsNow() ([]*corev1.Pod, time.Time) {
	g.list.mu.Lock()
	defer g.list.mu.Unlock()
	if g.list.version > versionOf(g.pods.informer.LastSyncResourceVersion()) {
		return g.list.pods, g.list.at
	}
	return g.pods.all(), g.list.at
}

// versionOf reads a resourceVersion; what is none is older than all.
func versionOf(text string) uint64 {
	v, _ := strconv.ParseUint(text, 10, 64)
	return v
}

// Listed reports whether pods that were seen with a list of some time prove that others do not exist. Where that is wanted, the pods
// are listed beside the loop, at most once a second, and the loop is woken.
func (g *Group) Listed(want bool, at time.Time) bool {
	g.list.mu.Lock()
	defer g.list.mu.Unlock()
	now := time.Now()
	if want && !g.list.reading && now.Sub(g.list.at) > time.Second {
		g.list.reading = true
		g.spawn(g.listPods)
	}
	return now.Sub(at) < fresh
}

func (g *Group) listPods(ctx context.Context) {
	defer func() { // whatever becomes of this list, another one may be made
		g.list.mu.Lock()
		g.list.reading = false
		g.list.mu.Unlock()
	}()
	ctx, cancel := context.WithTimeout(ctx, fresh)
	defer cancel()
	began := time.Now()
	all, err := g.client.CoreV1().Pods(g.Namespace).List(ctx, metav1.ListOptions{LabelSelector: g.selects})
	if err != nil {
		return // the next turn wants it again
	}
	pods := make([]*corev1.Pod, len(all.Items))
	for i := range all.Items {
		trim(&all.Items[i])
		pods[i] = &all.Items[i]
	}
	g.list.mu.Lock()
	g.list.pods, g.list.version, g.list.at = pods, versionOf(all.ResourceVersion), began
	g.list.mu.Unlock()
	g.wake()
}
