// SPDX-License-Identifier: Apache-2.0

package redisio

import (
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/redisio/redistest"
)

// TestServerThatDoesNotKnowItsAgentIsReachedAsAnybody: as long as it lets anybody in, it can be seen and fenced; once it knows its agent,
// it is commanded as that.
func TestServerThatDoesNotKnowItsAgentIsReachedAsAnybody(t *testing.T) {
	var knows, open atomic.Bool
	open.Store(true)
	server := redistest.Start(t, "127.0.0.1", func(command string) string {
		switch {
		case strings.HasPrefix(command, "auth") && !knows.Load():
			return "-WRONGPASS invalid username-password pair or user is disabled.\r\n"
		case strings.HasPrefix(command, "info") && !open.Load():
			return "-NOAUTH Authentication required.\r\n"
		case strings.HasPrefix(command, "info"):
			return redistest.Bulk("run_id:1\r\nrole:master\r\nconfig_file:\r\n")
		}
		return ""
	})
	own := KeepOwn(server.Address, model.Credential{User: "agent", Password: "secret"})
	t.Cleanup(func() { _, _ = own.as.Close(), own.plain.Close() })
	if r := own.Ask(t.Context()); r.Answer != model.Up || r.ConfigFile != NoFile {
		t.Fatalf("%+v, want a master that started from no file", r)
	}
	if err := own.Server().ReplicateFrom(t.Context(), model.FenceAddress); err != nil || !slices.Contains(server.Told(), "replicaof 127.0.0.1 1") {
		t.Errorf("it is not fenced: %v, %q", err, server.Told())
	}
	open.Store(false)
	server.Disconnect(t)
	if r := own.Ask(t.Context()); r.Answer != model.Silent || r.Denied != "WRONGPASS" {
		t.Errorf("%+v, want to be denied as the agent", r)
	}
	knows.Store(true)
	open.Store(true)
	if r := own.Ask(t.Context()); r.Answer != model.Up || own.current.Load() != own.as {
		t.Errorf("%+v, as the agent: %t", r, own.current.Load() == own.as)
	}
}
