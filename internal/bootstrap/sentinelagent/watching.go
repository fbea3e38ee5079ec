// SPDX-License-Identifier: Apache-2.0

package sentinelagent

import (
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/environment"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/observe"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// serves reports whether this Sentinel set watches a group: the record names the set, and the set may serve the namespace. A
// set is one trust domain, so the record alone is not enough.
func serves(env environment.Environment, namespace string, s contract.GroupSettings) bool {
	if s.Sentinels.Name != env.Settings.StatefulSet || s.Sentinels.Namespace != env.Namespace {
		return false
	}
	allowed := observe.Namespaces(env.Namespace, env.Settings.Sentinel)
	return slices.Contains(allowed, metav1.NamespaceAll) || slices.Contains(allowed, namespace)
}

// wanted is how a group is watched, within bounds: the record is a tenant's input.
func wanted(s contract.GroupSettings, size int) model.Watching {
	ms := func(n, least int64) time.Duration {
		return time.Duration(min(max(n, least), time.Hour.Milliseconds())) * time.Millisecond
	}
	quorum := s.Quorum
	if quorum < 1 || quorum > max(size, 1) {
		quorum = size/2 + 1
	}
	return model.Watching{
		Quorum: quorum, ParallelSyncs: min(max(s.ParallelSyncs, 1), 100),
		DownAfter: ms(s.DownAfterMs, contract.MinDownAfterMs), FailoverTimeout: ms(s.FailoverTimeoutMs, 1000),
	}
}

// stagger separates the Sentinels of a set in time. Agents that point them at a master in the same instant synchronize their
// clocks; then all see the master down in the same millisecond, each votes for itself, and none is elected for a whole failover
// timeout.
const stagger = 400 * time.Millisecond

// staggered is how my own Sentinel watches a group: like the others, but a little more patient than the ordinal before. The one that makes
// the quorum has the patience that was asked for, those before it have less: fewer than a quorum begin nothing.
func staggered(env environment.Environment, s contract.GroupSettings) model.Watching {
	w := wanted(s, s.Sentinels.Replicas)
	after := min(myOrdinal(env), 8) - (w.Quorum - 1)
	w.DownAfter = max(w.DownAfter+time.Duration(after)*stagger, w.DownAfter*3/4)
	return w
}

func myOrdinal(env environment.Environment) int {
	ordinal, _ := observe.Ordinal(env.Settings.StatefulSet, env.PodName)
	return ordinal
}
