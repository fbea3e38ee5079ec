// SPDX-License-Identifier: Apache-2.0

package process

import (
	"testing"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/process/lab"
)

// TestStrangerReconfiguresAnOpenRedis: what the agent owns it heals, and of the rest it tells: a stranger who reaches an open server has it
// follow his own, and write its data where he wants.
func TestStrangerReconfiguresAnOpenRedis(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *lab.Scene) {
		set, master := group(s, lab.Options{Conf: "enable-protected-configs yes\n"}) // as a server before 7.0 is
		fill(s, set, 100)
		filled(s, set, 100)
		for _, command := range [][]any{
			{"config", "set", "dir", "/tmp"},
			{"config", "set", "replica-serve-stale-data", "no"},
			{"config", "set", "replica-priority", "7"},
			{"replicaof", "10.200.200.200", "6379"},
		} {
			_, err := master.Do(t.Context(), command...)
			must(t, err)
		}
		set.WaitFormed(stalled)
		filled(s, set, 100)
		awaitEvent(s, "Reconfigured")
	})
}
