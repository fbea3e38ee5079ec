// SPDX-License-Identifier: Apache-2.0

package redisio

import (
	"bufio"
	"errors"
	"net"
	"syscall"
	"testing"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/redisio/redistest"
)

// TestServerThatComesUpIsSeenAtOnce: a server that was asked in vain for a while must be seen by the first question after it
// has come up.
func TestServerThatComesUpIsSeenAtOnce(t *testing.T) {
	// An address of loopback that no other test and no client uses: nobody takes its port while it is free.
	listener, err := net.Listen("tcp", "127.0.91.7:0")
	if err != nil {
		t.Fatal(err)
	}
	where := listener.Addr().(*net.TCPAddr)
	if err = listener.Close(); err != nil {
		t.Fatal(err)
	}
	client := Keep(model.Address{Host: where.IP.String(), Port: where.Port}, model.Credential{})
	t.Cleanup(func() { _ = client.Close() })
	for range 20 {
		if client.Ping(t.Context()).Err() == nil {
			t.Fatal("nothing listens, and yet there was an answer")
		}
	}
	if listener, err = net.Listen("tcp", where.String()); err != nil {
		t.Fatal("another process has taken the port meanwhile: ", err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go pong(listener)
	if err := client.Ping(t.Context()).Err(); err != nil {
		t.Errorf("the server is up, and the next question was answered with %v", err)
	}
}

func TestUnreachedCarriesTheReason(t *testing.T) {
	client := Keep(model.Address{Host: "127.0.0.1", Port: 1}, model.Credential{})
	t.Cleanup(func() { _ = client.Close() })
	err := client.Ping(t.Context()).Err()
	if !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("the reason is lost: %v", err)
	}
	if r := AskOwn(t.Context(), client); r.Answer != model.Silent || !r.Refused {
		t.Errorf("refused connections are seen as %+v", r)
	}
}

// TestBrokenConnectionIsNotSilence: the server closed an idle connection, and answers on the next.
func TestBrokenConnectionIsNotSilence(t *testing.T) {
	server := redistest.Start(t, "127.0.0.1", func(string) string {
		return redistest.Bulk("run_id:1\r\nrole:master\r\n")
	})
	client := Keep(server.Address, model.Credential{})
	t.Cleanup(func() { _ = client.Close() })
	for range 2 {
		if r := AskOwn(t.Context(), client); r.Answer != model.Up || r.Refused {
			t.Fatalf("a server that answers is seen as %+v", r)
		}
		server.Disconnect(t)
	}
}

// pong answers like a server that knows only PING.
func pong(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close() //nolint:errcheck // a test
			lines := bufio.NewScanner(conn)
			for lines.Scan() {
				switch lines.Text() {
				case "hello":
					_, _ = conn.Write([]byte("-ERR unknown command\r\n"))
				case "ping":
					_, _ = conn.Write([]byte("+PONG\r\n"))
				}
			}
		}()
	}
}
