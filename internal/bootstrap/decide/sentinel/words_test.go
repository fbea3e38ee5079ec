// SPDX-License-Identifier: Apache-2.0

package sentinel

import "github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide/decidetest"

// The words of decidetest, as tests that are read often need them.
const (
	lineageID = decidetest.LineageID
	holderAt  = decidetest.HolderAt
)

var (
	clock     = decidetest.Clock
	at        = decidetest.At
	pod       = decidetest.Pod
	edited    = decidetest.Edited
	master    = decidetest.Master
	replica   = decidetest.Replica
	linkDown  = decidetest.LinkDown
	silent    = decidetest.Silent
	sentinels = decidetest.Sentinels
	recordOf  = decidetest.RecordOf
)

// reader reads the cells of a table.
type reader struct{ decidetest.Reader }
