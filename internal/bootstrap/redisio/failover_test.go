// SPDX-License-Identifier: Apache-2.0

package redisio

import (
	"fmt"
	"testing"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/redisio/redistest"
)

// TestStatesOfAFailover: how far a Sentinel is in the failover that it leads, by its own words for that. One that leads none is elected by
// nobody.
func TestStatesOfAFailover(t *testing.T) {
	for state, want := range map[string]struct{ elected, promoted bool }{
		"none": {}, "wait_start": {}, "": {},
		"select_slave": {true, false}, "send_slaveof_noone": {true, false}, "wait_promotion": {true, false},
		"reconf_slaves": {true, true}, "update_config": {true, true},
	} {
		for _, flags := range []string{"master", "master,failover_in_progress"} {
			server := redistest.Start(t, "127.0.0.1", func(command string) string {
				if command == "sentinel master g" {
					fields := []string{"flags", flags, "config-epoch", "7", "failover-state", state}
					reply := fmt.Sprintf("*%d\r\n", len(fields))
					for _, f := range fields {
						reply += redistest.Bulk(f)
					}
					return reply
				}
				return "*2\r\n" + redistest.Bulk("10.0.0.1") + redistest.Bulk("6379")
			})
			client := Keep(server.Address, model.Credential{})
			t.Cleanup(func() { _ = client.Close() })
			running := flags != "master"
			s := AskSentinel(t.Context(), client, "g")
			if !s.Monitors || s.FailoverInProgress != running || s.Elected != (running && want.elected) || s.Promoted != (running && want.promoted) {
				t.Errorf("%q, %s: %+v", state, flags, s)
			}
		}
	}
}
