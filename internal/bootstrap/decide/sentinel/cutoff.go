// SPDX-License-Identifier: Apache-2.0

package sentinel

import (
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// cutOffFor is how long a Sentinel that is cut off says so. What lasts longer is no partition that passes: the others may be gone, and the
// rollout that brings them back must not wait for this one to be ready.
const cutOffFor = 10 * time.Minute

// Sight is how far my Sentinel sees, by what it says of one group.
type Sight struct {
	// Monitors reports whether it watches the group, and Down whether it takes the group's master for down.
	Monitors, Down bool
	// Alone reports whether it and the Sentinels that it sees are no majority of the set: nobody confirms what it says.
	Alone bool
}

// SightOf reads the sight of a view in which my Sentinel answered. The set is as large as the larger of what my Sentinel lists and what is
// known of it: a record, which is a tenant's, has no say in whether other tenants' clients come here.
func SightOf(v model.SentinelView) Sight {
	size := 1 + max(len(v.Own.Peers), len(v.Peers))
	return Sight{Monitors: v.Own.Monitors, Down: v.Own.MasterDown, Alone: 1+v.Own.PeersSeen < size/2+1}
}

// CutOff reports whether clients should ask another Sentinel than mine, by its sight of each group: it sees no majority of its set, and
// takes every master that it watches for down, by its word alone. One that reaches any master is on the masters' side of whatever is cut,
// and its answer is good. since is when that began, zero while it is not so; it is given back for the next time.
func CutOff(groups []Sight, since, now time.Time) (cutOff bool, began time.Time) {
	watches := false
	for _, g := range groups {
		if !g.Monitors {
			continue
		}
		watches = true
		if !g.Down || !g.Alone {
			return false, time.Time{}
		}
	}
	switch {
	case !watches:
		return false, time.Time{}
	case since.IsZero():
		since = now
	}
	return now.Sub(since) < cutOffFor, since
}
