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
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(conn, says)
			_ = conn.Close()
		}
	}()
	return model.Address{Host: "127.0.0.1", Port: listener.Addr().(*net.TCPAddr).Port}
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
