// SPDX-License-Identifier: Apache-2.0

package simtest

import (
	"context"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// serviceAddress is where clients connect to that come through the Service of the master.
var serviceAddress = model.Address{Host: "10.8.0.1", Port: 6379}

// proxies is how long it takes until connections follow a Service that was made to lead elsewhere: the API's controllers, and proxies that
// look once a second.
const proxies = 1200 * time.Millisecond

// service is the Service of the master: the pod that it leads to since an epoch, and that new connections end at.
type service struct {
	leads, routed string
	epoch         uint64
}

// leadService makes the Service lead to a pod. It goes to greater epochs only.
func (w *World) leadService(uid string, epoch uint64) {
	if epoch < w.service.epoch || uid == w.service.leads {
		return
	}
	w.service.leads, w.service.epoch = uid, epoch
	w.in(w.between(10*time.Millisecond, proxies), func() {
		if w.service.epoch == epoch {
			w.service.routed = uid
		}
	})
}

func (o others) MasterService(context.Context) model.Address {
	if !o.w.reachAPI(o.p.host) {
		return model.Address{}
	}
	return serviceAddress
}

func (o others) Through(_ context.Context, _ *model.View, at, _ model.Address) string {
	if at != serviceAddress {
		return ""
	}
	return o.w.asks(newcomer(), o.p.host, o.w.serverOf(o.w.service.routed)).RunID
}

// visitor is a client that comes through the Service and stays where it ends until that closes the connection. One whose write is refused
// stays too, as some libraries do.
type visitor struct {
	client
	at *server
	// refused counts the writes that a replica refused.
	refused int
}

// addVisitor adds a client that comes through the Service, from a machine that is never cut off.
func (w *World) addVisitor() *visitor {
	v := &visitor{client: client{host: w.client.host}}
	w.visitors, w.clients = append(w.visitors, v), append(w.clients, &v.client)
	w.on(v.host, 0, func() { w.visitorTurn(v) })
	return v
}

func (w *World) visitorTurn(v *visitor) {
	w.on(v.host, w.between(20*time.Millisecond, 60*time.Millisecond), func() { w.visitorTurn(v) })
	if v.waits != nil {
		return
	}
	if v.at == nil || !v.at.alive {
		v.at = w.serverOf(w.service.routed)
	}
	switch s := v.at; {
	case s == nil || !s.alive || !w.reach(v.host, s.host):
		v.at = nil
	case s.role == model.Replica && w.now >= s.hung:
		v.refused++
	default:
		w.writeTo(&v.client, s)
	}
}

// leave closes the connections of those who came through the Service.
func (w *World) leave(s *server) {
	for _, v := range w.visitors {
		if v.at == s {
			v.at = nil
		}
	}
}
