// SPDX-License-Identifier: Apache-2.0

package redisio

import (
	"context"
	"io"
	"net"
	"testing"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// full is a server that has as many clients as it takes: it says so to everybody who connects, reads nothing, and hangs up.
func full(t *testing.T, says string) model.Address {
	t.Helper()
	return raw(t, func(conn net.Conn) { _, _ = io.WriteString(conn, says) })
}

// TestServerThatIsFull says so, whoever asks, with a password or without; one that hangs up without a word does not.
func TestServerThatIsFull(t *testing.T) {
	for says, want := range map[string]bool{
		"-ERR max number of clients reached\r\n":                       true,
		"-ERR max number of clients + cluster connections reached\r\n": true,
		"-ERR max number\r\n":                                          false,
		"":                                                             false,
	} {
		address := full(t, says)
		for _, as := range []model.Credential{{}, {User: "agent", Password: "secret"}, {Password: "secret"}} {
			client := Keep(address, as)
			for range 20 { // who hangs up first is a matter of chance
				if r := AskOwn(context.WithoutCancel(t.Context()), client); r.Full != want || r.Answer != model.Silent || r.Denied != "" || r.Refused {
					t.Errorf("%q as %q: %+v", says, as.User, r)
				}
			}
			_ = client.Close()
		}
	}
}
