// SPDX-License-Identifier: Apache-2.0

package sentinelagent

import (
	"context"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// led is where a Service leads: to a pod since an epoch.
type led struct {
	service, podUID string
	epoch           uint64
}

// lead makes the Service of a group's master lead to the recorded holder. It comes before the role labels, so that the Service goes from
// one master to the next in one write, and is done once for each master: what the webhook does to the Service keeps it where it leads.
// Unlike labels it needs no live read of the record, for which clients would wait: the Service has the epoch since which it leads, and a
// late watch moves it from one former master to another at worst, until an agent comes that knows better.
func (m *manager) lead(ctx context.Context, g *group, service string, r model.Record, leads bool) error {
	now := led{service, r.PodUID, r.Epoch}
	if !leads || service == "" || g.led == now {
		return nil
	}
	pod := m.set.Pod(g.key, r.Holder)
	if pod == nil || string(pod.UID) != r.PodUID {
		return nil
	}
	done, err := m.actor.Lead(ctx, g.key.StatefulSet, service, pod, r.Epoch)
	if done {
		g.led = now
	}
	return err
}
