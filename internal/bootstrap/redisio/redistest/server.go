// SPDX-License-Identifier: Apache-2.0

// Package redistest is a stand-in for a Redis or Sentinel server: it answers as a test tells it, and remembers what it was
// told, in order.
package redistest

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/alicebob/miniredis/v2/server"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// Server is one stand-in.
type Server struct {
	Address model.Address
	answer  func(command string) string

	mu        sync.Mutex
	told      []string
	queued    map[*server.Peer][]string
	listening *server.Server
}

// Start listens on a loopback address until the test ends. Answer gets a command as one line and returns the reply in wire
// format; an empty one stands for OK.
func Start(t *testing.T, host string, answer func(command string) string) *Server {
	t.Helper()
	s := &Server{answer: answer, queued: map[*server.Peer][]string{}}
	if err := s.listen(net.JoinHostPort(host, "0")); err != nil {
		t.Fatal(err)
	}
	s.Address = model.Address{Host: host, Port: s.listening.Addr().Port}
	t.Cleanup(func() { s.listening.Close() })
	return s
}

func (s *Server) listen(address string) error {
	listening, err := server.NewServer(address)
	if err != nil {
		return fmt.Errorf("listening at %s: %w", address, err)
	}
	listening.SetPreHook(s.take)
	s.listening = listening
	return nil
}

// take answers every command; nothing is left for the library to do.
func (s *Server) take(peer *server.Peer, command string, arguments ...string) bool {
	line := strings.Join(append([]string{strings.ToLower(command)}, arguments...), " ")
	s.mu.Lock()
	introduction := strings.HasPrefix(line, "hello")
	question := line == "client id" // whether it answers at all
	queue, transaction := s.queued[peer]
	switch {
	case line == "multi":
		s.queued[peer] = []string{}
	case line == "exec":
		delete(s.queued, peer)
	case transaction:
		s.queued[peer] = append(queue, line)
	case !introduction && !question:
		s.told = append(s.told, line)
	}
	s.mu.Unlock()
	switch {
	case line == "multi":
		peer.WriteOK()
		return true
	case line == "exec":
		s.execute(peer, queue)
		return true
	case transaction:
		peer.WriteInline("QUEUED")
		return true
	case introduction:
		peer.WriteError("ERR unknown command")
		return true
	case question:
		peer.WriteInt(1)
		return true
	}
	s.reply(peer, line)
	return true
}

// execute answers what was queued, as one transaction.
func (s *Server) execute(peer *server.Peer, lines []string) {
	peer.WriteLen(len(lines))
	for _, line := range lines {
		s.mu.Lock()
		s.told = append(s.told, line)
		s.mu.Unlock()
		s.reply(peer, line)
	}
}

func (s *Server) reply(peer *server.Peer, line string) {
	if reply := s.answer(line); reply != "" {
		peer.WriteRaw(reply)
	} else {
		peer.WriteOK()
	}
}

// Told returns the commands so far, without those by which a client introduces itself and asks whether the server answers.
func (s *Server) Told() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.told)
}

// Disconnect breaks all connections; new ones are accepted.
func (s *Server) Disconnect(t *testing.T) {
	t.Helper()
	s.listening.Close()
	if err := s.listen(s.Address.String()); err != nil {
		t.Fatal(err)
	}
}

// Bulk is a reply of one text.
func Bulk(text string) string { return fmt.Sprintf("$%d\r\n%s\r\n", len(text), text) }
