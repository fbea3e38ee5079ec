// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/redisio"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

const (
	// serviceKeeps is for how long the address of a Service is believed; it never changes as long as the Service is there.
	serviceKeeps = 30 * time.Second
	// serviceWithin is how long the API may take to say it.
	serviceWithin = 300 * time.Millisecond
	// throughWithin is how long an answer through a Service may take. Some networks lead nobody back to where he came from: there
	// silence means that the Service has not moved.
	throughWithin = 25 * time.Millisecond
)

// service is where the Service of the master is, as it was said last.
type service struct {
	mu      sync.Mutex
	address model.Address
	at      time.Time
}

// MasterService is the Service by which clients find the group's master, with no host where there is none, or none of ours, or the API
// does not say.
func (o *Observer) MasterService(ctx context.Context) model.Address {
	o.service.mu.Lock()
	defer o.service.mu.Unlock()
	if time.Since(o.service.at) < serviceKeeps {
		return o.service.address
	}
	name := o.settings().MasterService
	if name == "" {
		return model.Address{}
	}
	ctx, cancel := context.WithTimeout(ctx, serviceWithin)
	defer cancel()
	s, err := o.group.client.CoreV1().Services(o.group.Namespace).Get(ctx, name, metav1.GetOptions{})
	o.service.address, o.service.at = model.Address{}, time.Now()
	if err == nil {
		o.service.address = entrance(s, o.group.StatefulSet)
	}
	return o.service.address
}

// entrance is where the clients of a group's Service connect to; no host where it is another's, or leads by names only.
func entrance(s *corev1.Service, group string) model.Address {
	if !contract.Provisioned(s.Labels, group) || s.Spec.ClusterIP == "" || s.Spec.ClusterIP == corev1.ClusterIPNone || len(s.Spec.Ports) == 0 {
		return model.Address{}
	}
	return model.Address{Host: s.Spec.ClusterIP, Port: int(s.Spec.Ports[0].Port)}
}

// Through returns the run id of the process that answers through a Service, as whom a pod of the group that a view shows lets in; empty
// where nobody answers soon. It connects anew: a connection stays with whom it was led to.
func (o *Observer) Through(ctx context.Context, v *model.View, service, pod model.Address) string {
	ctx, cancel := context.WithTimeout(ctx, throughWithin)
	defer cancel()
	return redisio.AskOnce(ctx, service, o.credentialsAt(ctx, v, pod)...).RunID
}
