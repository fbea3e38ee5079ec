// SPDX-License-Identifier: Apache-2.0

package simtest

import (
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// request asks for a handover: to a pod, or to any where the group has no pod of that number.
func (w *World) request(who int, _ time.Duration) {
	to := contract.HandoverAny
	if p := w.podOf(who); p != nil {
		to = name(p.ordinal)
	}
	w.change(func(s *state) { s.handover, s.from = to, "" })
	w.keepBooks(w.now + time.Minute)
}

// keepBooks is what the webhook does about a request until then: it says who led when any was asked for, and takes off what is done, or
// was not done in time.
func (w *World) keepBooks(until time.Duration) {
	w.in(w.between(10*time.Millisecond, 500*time.Millisecond), func() {
		now, master := w.api(), w.api().record.Holder
		switch {
		case now.handover == "":
			return
		case now.handover == contract.HandoverAny && now.from == "" && master != "":
			w.change(func(s *state) { s.from = master })
		case master == now.handover, now.from != "" && master != now.from, w.now > until:
			w.change(func(s *state) { s.handover, s.from = "", "" })
			return
		}
		w.keepBooks(until)
	})
}
