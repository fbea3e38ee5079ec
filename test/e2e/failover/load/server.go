// SPDX-License-Identifier: Apache-2.0

package load

import (
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/failover/measure"
)

// Port is where a Server listens.
const Port = 7379

// Server runs writers for a Client: one set of them at a time.
type Server struct {
	mu      sync.Mutex
	writers []*Writer
}

// Serve listens until the context ends.
func (s *Server) Serve(ctx context.Context) error {
	routes := http.NewServeMux()
	routes.HandleFunc("POST /start", func(out http.ResponseWriter, in *http.Request) { s.start(ctx, out, in) })
	routes.HandleFunc("GET /acks", s.acks)
	routes.HandleFunc("POST /stop", s.stop)
	server := &http.Server{Addr: fmt.Sprintf(":%d", Port), Handler: routes, ReadHeaderTimeout: time.Minute}
	end := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer end()
	err := server.ListenAndServe()
	s.end()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serving writers: %w", err)
}

// start ends the writers that another round left, and starts those that are asked for, all or none.
func (s *Server) start(ctx context.Context, out http.ResponseWriter, in *http.Request) {
	var specs []Spec
	if err := gob.NewDecoder(in.Body).Decode(&specs); err != nil {
		http.Error(out, err.Error(), http.StatusBadRequest)
		return
	}
	s.end()
	writers := make([]*Writer, len(specs))
	failed := make([]error, len(specs))
	var starting sync.WaitGroup
	for i, spec := range specs {
		starting.Go(func() { writers[i], failed[i] = Start(ctx, spec) })
	}
	starting.Wait()
	s.mu.Lock()
	for _, writer := range writers {
		if writer != nil {
			s.writers = append(s.writers, writer)
		}
	}
	s.mu.Unlock()
	if err := errors.Join(failed...); err != nil {
		s.end()
		http.Error(out, err.Error(), http.StatusServiceUnavailable)
	}
}

func (s *Server) acks(out http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	counts := make([]int, len(s.writers))
	for i, writer := range s.writers {
		counts[i] = writer.Acks()
	}
	answer(out, counts)
}

func (s *Server) stop(out http.ResponseWriter, _ *http.Request) { answer(out, s.end()) }

// end stops all writers and returns what they noted.
func (s *Server) end() []*measure.Log {
	s.mu.Lock()
	defer s.mu.Unlock()
	logs := make([]*measure.Log, len(s.writers))
	for i, writer := range s.writers {
		logs[i] = writer.Stop()
	}
	s.writers = nil
	return logs
}

func answer(out http.ResponseWriter, value any) {
	if err := gob.NewEncoder(out).Encode(value); err != nil {
		http.Error(out, err.Error(), http.StatusInternalServerError)
	}
}
