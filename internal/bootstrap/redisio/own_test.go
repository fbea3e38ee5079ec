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

// TestServerThatDoesNotKnowItsAgentIsReachedAsAnybody: as long as it lets anybody in, one that started from another file can be seen and
// fenced, and one that lost its users gets its agent's back.
func TestServerThatDoesNotKnowItsAgentIsReachedAsAnybody(t *testing.T) {
	var knows, open, other atomic.Bool
	open.Store(true)
	other.Store(true)
	server := redistest.Start(t, "127.0.0.1", func(command string) string {
		switch {
		case strings.HasPrefix(command, "auth") && !knows.Load():
			return "-WRONGPASS invalid username-password pair or user is disabled.\r\n"
		case strings.HasPrefix(command, "info") && !open.Load():
			return "-NOAUTH Authentication required.\r\n"
		case strings.HasPrefix(command, "info") && other.Load():
			return redistest.Bulk("run_id:1\r\nrole:master\r\nconfig_file:\r\n")
		case strings.HasPrefix(command, "info"):
			return redistest.Bulk("run_id:1\r\nrole:master\r\nconfig_file:/g/redis.conf\r\n")
		case strings.HasPrefix(command, "acl setuser agent"):
			knows.Store(true)
		}
		return ""
	})
	own := KeepOwn(server.Address, model.Credential{User: "agent", Password: "secret"}, "/g/redis.conf")
	t.Cleanup(func() { _, _ = own.as.Close(), own.plain.Close() })
	if r := own.Ask(t.Context()); r.Answer != model.Up || r.ConfigFile != NoFile || !r.OtherFile {
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
	open.Store(true)
	other.Store(false)
	server.Disconnect(t)
	if r := own.Ask(t.Context()); r.Answer != model.Up || r.OtherFile || !knows.Load() || own.current.Load() != own.as {
		t.Errorf("%+v, as the agent: %t", r, own.current.Load() == own.as)
	}
}
