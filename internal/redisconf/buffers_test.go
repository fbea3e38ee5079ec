// SPDX-License-Identifier: Apache-2.0

package redisconf

import (
	"strings"
	"testing"
)

func TestBufferThatCutsReplicasOff(t *testing.T) {
	for line, tight := range map[string]bool{
		"replica 256mb 64mb 60": false, "slave 64mb 16mb 60": true, "normal 1mb 1mb 1": false, "replica 0 0 0": false, "normal 0 0 0 replica 100m 1 1": true,
		"replica 1gb 64mb 60": false, "replica 268435456 0 0": false, "replica 268435455 0 0": true, "replica x 0 0": false, "pubsub 32mb 8mb 60": false, "": false, "REPLICA 1kb 0 0": true,
	} {
		inv, err := Parse(append([]string{"redis-server", "--client-output-buffer-limit"}, strings.Fields(line)...))
		if got := len(inv.Doubts()) > 0; err != nil || got != tight {
			t.Errorf("%q: doubted %t, want %t, %v", line, got, tight, err)
		}
		if got := len(Objections("r.conf", "client-output-buffer-limit "+line+"\n", 6379)) > 0; got != tight {
			t.Errorf("%q in a file: %t, want %t", line, got, tight)
		}
	}
}
