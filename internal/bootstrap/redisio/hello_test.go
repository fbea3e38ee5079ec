// SPDX-License-Identifier: Apache-2.0

package redisio

import (
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/redisio/redistest"
)

// TestBrokenConnectionWakes: an agent notices the end and the start of its Redis by the connection, not by its next tick.
func TestBrokenConnectionWakes(t *testing.T) {
	server := redistest.Start(t, "127.0.0.1", func(string) string {
		return "*3\r\n$9\r\nsubscribe\r\n$18\r\n" + helloChannel + "\r\n:1\r\n"
	})
	client := Keep(server.Address, model.Credential{})
	t.Cleanup(func() { _ = client.Close() })
	changed := make(chan struct{}, 8)
	var h Hellos
	go h.Listen(t.Context(), client, func() { changed <- struct{}{} })
	for _, what := range []string{"the connection stands", "it breaks", "it stands again"} {
		select {
		case <-changed:
		case <-time.After(20 * time.Second):
			t.Fatal("the agent was not told that ", what)
		}
		if what == "the connection stands" {
			server.Disconnect(t)
		}
	}
}
