// SPDX-License-Identifier: Apache-2.0

// Package redistest is a stand-in for a Redis or Sentinel server: it answers as a test tells it, and remembers what it was
// told, in order.
package redistest

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// Server is one stand-in.
type Server struct {
	Address model.Address
	answer  func(command string) string

	mu    sync.Mutex
	told  []string
	conns []net.Conn
}

// Start listens on a loopback address until the test ends. Answer gets a command as one line and returns the reply in wire
// format; an empty one stands for OK.
func Start(t *testing.T, host string, answer func(command string) string) *Server {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(context.WithoutCancel(t.Context()), "tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	where, ok := listener.Addr().(*net.TCPAddr)
	if !ok {
		t.Fatalf("listening on %s, which is no TCP address", listener.Addr())
	}
	s := &Server{Address: model.Address{Host: host, Port: where.Port}, answer: answer}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go s.serve(conn)
		}
	}()
	return s
}

// Told returns the commands so far, without those by which a client introduces itself.
func (s *Server) Told() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.told)
}

// Disconnect breaks all connections; new ones are accepted.
func (s *Server) Disconnect() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, conn := range s.conns {
		_ = conn.Close()
	}
	s.conns = nil
}

// Bulk is a reply of one text.
func Bulk(text string) string { return fmt.Sprintf("$%d\r\n%s\r\n", len(text), text) }

func (s *Server) serve(conn net.Conn) {
	defer conn.Close() //nolint:errcheck // the client has gone
	s.mu.Lock()
	s.conns = append(s.conns, conn)
	s.mu.Unlock()
	in := bufio.NewReader(conn)
	for {
		words, err := command(in)
		if err != nil {
			return
		}
		line := strings.Join(words, " ")
		if strings.HasPrefix(line, "hello") {
			_, _ = io.WriteString(conn, "-ERR unknown command\r\n")
			continue
		}
		s.mu.Lock()
		s.told = append(s.told, line)
		s.mu.Unlock()
		reply := s.answer(line)
		if reply == "" {
			reply = "+OK\r\n"
		}
		if _, err := io.WriteString(conn, reply); err != nil {
			return
		}
	}
}

// command reads *N and N times $length and text.
func command(in *bufio.Reader) ([]string, error) {
	n, err := count(in, "*")
	if err != nil {
		return nil, err
	}
	words := make([]string, n)
	for i := range words {
		length, err := count(in, "$")
		if err != nil {
			return nil, err
		}
		text := make([]byte, length+2)
		if _, err := io.ReadFull(in, text); err != nil {
			return nil, err
		}
		words[i] = string(text[:length])
	}
	return words, nil
}

func count(in *bufio.Reader, sign string) (int, error) {
	line, err := in.ReadString('\n')
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimPrefix(strings.TrimSpace(line), sign))
}
