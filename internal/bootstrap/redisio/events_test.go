// SPDX-License-Identifier: Apache-2.0

package redisio

import (
	"bufio"
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// TestDeadConnectionHearsNoElections: where a Sentinel's machine is gone nothing comes any more, and TCP does not say so for minutes. A
// Sentinel that answers a question is listened to for as long as it does.
func TestDeadConnectionHearsNoElections(t *testing.T) {
	for name, lives := range map[string]bool{"it answers": true, "it does not": false} {
		t.Run(name, func(t *testing.T) {
			asked := make(chan struct{}, 100)
			client := Keep(raw(t, func(conn net.Conn) { subscribable(conn, lives, asked) }), model.Credential{})
			defer client.Close() //nolint:errcheck // the test is over
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			ended := make(chan struct{})
			go func() {
				listenForElections(ctx, client, "group", 50*time.Millisecond, func() {})
				close(ended)
			}()
			if !lives {
				<-ended // else the test ends by its own deadline
				return
			}
			for range 5 {
				<-asked
			}
			select {
			case <-ended:
				t.Error("a connection that lives was given up")
			default:
			}
		})
	}
}

// subscribable lets somebody subscribe, and answers questions of whether it lives, or nothing any more.
func subscribable(conn net.Conn, lives bool, asked chan<- struct{}) {
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		reply := ""
		switch strings.ToLower(lines.Text()) {
		case "hello":
			reply = "-ERR unknown command\r\n"
		case "client":
			reply = "+OK\r\n"
		case "subscribe":
			reply = "*3\r\n$9\r\nsubscribe\r\n$15\r\n+elected-leader\r\n:1\r\n"
		case "ping":
			if asked <- struct{}{}; lives {
				reply = "*2\r\n$4\r\npong\r\n$0\r\n\r\n"
			}
		}
		if _, err := io.WriteString(conn, reply); err != nil {
			return
		}
	}
}
