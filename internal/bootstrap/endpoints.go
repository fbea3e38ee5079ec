// SPDX-License-Identifier: Apache-2.0

package bootstrap

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// Status is what the agent says of itself at contract.PathStatus.
type Status struct {
	Pod      string    `json:"pod"`
	Group    string    `json:"group,omitempty"`
	Ready    bool      `json:"ready"`
	Action   string    `json:"action"`
	Reason   string    `json:"reason"`
	Sentence string    `json:"sentence"`
	Epoch    uint64    `json:"epoch,omitempty"`
	Master   string    `json:"master,omitempty"`
	At       time.Time `json:"at"`
	Error    string    `json:"error,omitempty"`
	Groups   []Status  `json:"groups,omitempty"`
}

// endpoints answers the kubelet's probes and hook. It holds no decision: it repeats what the loop decided last.
type endpoints struct {
	token   string
	notify    func()
	leave   func(context.Context) // nil: nothing to give away
	metrics *metrics
	mu      sync.Mutex
	started bool
	status  Status
}

func (e *endpoints) markStarted() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.started = true
}

func (e *endpoints) set(s Status) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.status = s
}

func (e *endpoints) get() (Status, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.status, e.started
}

// serve listens until the context ends. It returns only errors of listening: a probe that cannot be answered for want of
// a port is a fault that must be seen.
func (e *endpoints) serve(ctx context.Context, address string) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("listening for probes: %w", err)
	}
	server := &http.Server{Handler: e.routes(), ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving probes: %w", err)
	}
	return nil
}

func (e *endpoints) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+contract.PathStarted, func(w http.ResponseWriter, _ *http.Request) {
		_, started := e.get()
		answer(w, started, "the configuration has not been written yet")
	})
	mux.HandleFunc("GET "+contract.PathReady, func(w http.ResponseWriter, _ *http.Request) {
		s, _ := e.get()
		answer(w, s.Ready, s.Reason+": "+s.Sentence)
	})
	mux.HandleFunc("GET "+contract.PathStatus, func(w http.ResponseWriter, _ *http.Request) {
		s, _ := e.get()
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(s) // a reader that went away needs no answer
	})
	mux.HandleFunc("GET "+contract.PathMetrics, func(w http.ResponseWriter, _ *http.Request) {
		s, _ := e.get()
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		e.metrics.write(w, s)
	})
	mux.HandleFunc("POST "+contract.PathNotify, func(w http.ResponseWriter, _ *http.Request) {
		e.notify()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc(contract.PathPreStop, e.preStop)
	return mux
}

// preStop believes the kubelet, which alone has the token that the webhook gave to both.
func (e *endpoints) preStop(w http.ResponseWriter, r *http.Request) {
	if e.token == "" || subtle.ConstantTimeCompare([]byte(r.Header.Get(contract.HookHeader)), []byte(e.token)) != 1 {
		http.Error(w, "the hook is the kubelet's alone", http.StatusForbidden)
		return
	}
	if e.leave != nil {
		e.leave(r.Context())
	}
	w.WriteHeader(http.StatusNoContent)
}

func answer(w http.ResponseWriter, ok bool, otherwise string) {
	if !ok {
		http.Error(w, otherwise, http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusOK)
}
