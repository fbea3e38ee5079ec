// SPDX-License-Identifier: Apache-2.0

package serving

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	stdlog "log"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
)

const (
	// room for connections at one port. Three API servers, each of which lets 200 changes in at a time, open as many in a storm that two
	// webhooks share; without one they keep some dozens open. A silent one costs the webhook about 30 KiB.
	room = 512
	// maxHeader of a request; net/http adds 4 KiB.
	maxHeader = 16 << 10
	// headerTimeout also ends handshakes, bodyTimeout counts from the first byte of a request, and answerTimeout from the
	// end of its header.
	headerTimeout = 3 * time.Second
	bodyTimeout   = 5 * time.Second
	answerTimeout = 15 * time.Second
	// idleTimeout matches what Go clients, and so API servers, keep idle connections for.
	idleTimeout = 90 * time.Second
	// quiet is the pause between two lines about connections that failed: everybody who reaches the port can cause them.
	quiet = 10 * time.Second
)

// Server is an HTTP server of which every part that a client can take is bounded. It is a manager.Runnable.
type Server struct {
	name     string
	listener net.Listener
	server   *http.Server
	log      logr.Logger
	serves   atomic.Bool
}

// Listen opens the port; connections wait until Start. secure is nil for plain HTTP.
func Listen(ctx context.Context, name, address string, secure *tls.Config, handler http.Handler, now func() time.Time, log logr.Logger) (*Server, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listening for %s: %w", name, err)
	}
	listener = newCrowd(listener, room, now)
	if secure != nil {
		listener = tls.NewListener(listener, secure)
	}
	s := &Server{name: name, listener: listener, log: log}
	s.server = &http.Server{
		Handler: marking(handler),
		ConnContext: func(ctx context.Context, conn net.Conn) context.Context {
			return context.WithValue(ctx, guestKey{}, guestOf(conn))
		},
		MaxHeaderBytes: maxHeader, ReadHeaderTimeout: headerTimeout, ReadTimeout: bodyTimeout, WriteTimeout: answerTimeout,
		IdleTimeout: idleTimeout, ErrorLog: stdlog.New(&seldom{log: log, now: now}, "", 0),
	}
	return s, nil
}

// NeedLeaderElection is false: every replica answers.
func (s *Server) NeedLeaderElection() bool { return false }

// Start serves until the context ends, and then until every request is answered.
func (s *Server) Start(ctx context.Context) error {
	s.log.Info("Listening", "server", s.name, "address", s.listener.Addr().String())
	ended := make(chan error, 1)
	go func() {
		<-ctx.Done()
		rest, cancel := context.WithTimeout(context.WithoutCancel(ctx), answerTimeout)
		defer cancel()
		ended <- s.server.Shutdown(rest)
	}()
	s.serves.Store(true)
	if err := s.server.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving %s: %w", s.name, err)
	}
	if err := <-ended; err != nil {
		return fmt.Errorf("ending the connections of %s: %w", s.name, err)
	}
	return nil
}

// Ready is a healthz.Checker.
func (s *Server) Ready(*http.Request) error {
	if !s.serves.Load() {
		return fmt.Errorf("%s is not served yet", s.name)
	}
	return nil
}

// seldom logs a line now and then, with how many it left out since the last one.
type seldom struct {
	log logr.Logger
	now func() time.Time

	mu   sync.Mutex
	last time.Time
	left int
}

// Write takes a line of the standard logger.
func (s *seldom) Write(line []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now().Sub(s.last) < quiet {
		s.left++
		return len(line), nil
	}
	s.log.Info("A connection failed", "error", strings.TrimSpace(string(line)), "leftOut", s.left)
	s.last, s.left = s.now(), 0
	return len(line), nil
}
