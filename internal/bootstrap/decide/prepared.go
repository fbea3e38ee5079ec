// SPDX-License-Identifier: Apache-2.0

package decide

import "github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"

// Prepared returns the seal of the offer that this view would have my Redis accept if its word were given, and empty where nothing is
// offered to it or it would not.
func Prepared(v model.View, m Memory) string {
	offer := v.Record.Offer
	if offer == nil || offer.Seal == "" || offer.PodUID != v.Self.UID {
		return ""
	}
	s := situation{View: v, memory: m, assumesWord: true}
	s.findFacts()
	if d := s.decide(); d.Action != Claim || d.Reason != model.TransferAccepted {
		return ""
	}
	return offer.Seal
}
