// SPDX-License-Identifier: Apache-2.0

package load

import (
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/failover/measure"
)

// Port is where a Server listens.
const Port = 7379

// setParameter is the name in a request's query under which a Client says which set of writers it means.
const setParameter = "set"

// Server runs sets of writers for Clients.
type Server struct {
	mu   sync.Mutex
	sets map[string][]*Writer
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
	s.endAll()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serving writers: %w", err)
}

// start ends the writers of the set that another round left, and starts those that are asked for, all or none.
func (s *Server) start(ctx context.Context, out http.ResponseWriter, in *http.Request) {
	var specs []Spec
	if err := gob.NewDecoder(in.Body).Decode(&specs); err != nil {
		http.Error(out, err.Error(), http.StatusBadRequest)
		return
	}
	set := in.FormValue(setParameter)
	s.end(set)
	writers := make([]*Writer, len(specs))
	failed := make([]error, len(specs))
	var starting sync.WaitGroup
	for i, spec := range specs {
		starting.Go(func() { writers[i], failed[i] = Start(ctx, spec) })
	}
	starting.Wait()
	s.mu.Lock()
	if s.sets == nil {
		s.sets = map[string][]*Writer{}
	}
	s.sets[set] = slices.DeleteFunc(writers, func(w *Writer) bool { return w == nil })
	s.mu.Unlock()
	if err := errors.Join(failed...); err != nil {
		s.end(set)
		http.Error(out, err.Error(), http.StatusServiceUnavailable)
	}
}

func (s *Server) acks(out http.ResponseWriter, in *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	writers := s.sets[in.FormValue(setParameter)]
	counts := make([]int, len(writers))
	for i, writer := range writers {
		counts[i] = writer.Acks()
	}
	answer(out, counts)
}

func (s *Server) stop(out http.ResponseWriter, in *http.Request) {
	answer(out, s.end(in.FormValue(setParameter)))
}

// end stops all writers of a set and returns what they noted.
func (s *Server) end(set string) []*measure.Log {
	s.mu.Lock()
	writers := s.sets[set]
	delete(s.sets, set)
	s.mu.Unlock()
	logs := make([]*measure.Log, len(writers))
	for i, writer := range writers {
		logs[i] = writer.Stop()
	}
	return logs
}

func (s *Server) endAll() {
	s.mu.Lock()
	sets := slices.Collect(maps.Keys(s.sets))
	s.mu.Unlock()
	for _, set := range sets {
		s.end(set)
	}
}

func answer(out http.ResponseWriter, value any) {
	if err := gob.NewEncoder(out).Encode(value); err != nil {
		http.Error(out, err.Error(), http.StatusInternalServerError)
	}
}
