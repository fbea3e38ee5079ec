// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide/decidetest"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// The words of decidetest, as tests that are read often need them.
const (
	lineageID = decidetest.LineageID
	otherID   = decidetest.OtherID
	thirdID   = decidetest.ThirdID
	holderAt  = decidetest.HolderAt
)

var (
	clock           = decidetest.Clock
	at              = decidetest.At
	pod             = decidetest.Pod
	but             = decidetest.But
	edited          = decidetest.Edited
	master          = decidetest.Master
	replica         = decidetest.Replica
	linkDown        = decidetest.LinkDown
	silent          = decidetest.Silent
	data            = decidetest.Data
	plain           = decidetest.Plain
	recreated       = decidetest.Recreated
	sentinels       = decidetest.Sentinels
	silentSentinels = decidetest.SilentSentinels
	recordOf        = decidetest.RecordOf
	fresh           = decidetest.Fresh
	formed          = decidetest.Formed
	words           = decidetest.Words
	addressWord     = decidetest.AddressWord
)

// reader reads the cells of a table.
type reader struct{ decidetest.Reader }

// after is the record as a decision leaves it.
func after(v model.View, d Decision) model.Record {
	if d.Record != nil {
		return *d.Record
	}
	return v.Record
}

// offerOf is the offer that a decision writes; the zero value where it writes none.
func offerOf(d Decision) model.Offer {
	if d.Record == nil || d.Record.Offer == nil {
		return model.Offer{}
	}
	return *d.Record.Offer
}

// newSituation is what the table is asked about.
func newSituation(v model.View, m Memory) *situation {
	s := &situation{View: v, memory: m}
	s.findFacts()
	return s
}

// waiting is a situation in which candidates are waited for, whichever is missing.
func waiting(v model.View, m Memory) *situation {
	s := newSituation(v, m)
	s.keepWaiting(clockRuns)
	return s
}
