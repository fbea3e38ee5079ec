// SPDX-License-Identifier: Apache-2.0

package status

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

// Pages answers the kubelet's probes and hook. It makes no decision: it repeats what the loop decided last.
type Pages struct {
	token   string
	notify  func()
	leave   func(context.Context)
	metrics *Metrics

	mu      sync.Mutex
	started bool
	status  Status
}

// New makes the pages of an agent that has not started yet. Token is what the preStop hook must carry; where it is empty the
// hook may not be called. Notify is called to wake the agent, and leave, unless it is nil, by the hook: it returns when there
// is nothing left to give away.
func New(first Status, token string, notify func(), leave func(context.Context)) *Pages {
	return &Pages{token: token, notify: notify, leave: leave, metrics: newMetrics(), status: first}
}

// Metrics are the figures that the pages show.
func (p *Pages) Metrics() *Metrics { return p.metrics }

// MarkStarted says that the configuration exists.
func (p *Pages) MarkStarted() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.started = true
}

// Set takes over what was decided last.
func (p *Pages) Set(s Status) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.status = s
}

func (p *Pages) get() (Status, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.status, p.started
}

// Serve listens until the context ends. It returns only errors of listening: a probe that cannot be answered for lack of a port
// is a fault that must be noticed.
func (p *Pages) Serve(ctx context.Context, address string) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("listening for probes: %w", err)
	}
	server := &http.Server{Handler: p.routes(), ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving probes: %w", err)
	}
	return nil
}

func (p *Pages) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+contract.PathStarted, func(w http.ResponseWriter, _ *http.Request) {
		_, started := p.get()
		answer(w, started, "the configuration has not been written yet")
	})
	mux.HandleFunc("GET "+contract.PathReady, func(w http.ResponseWriter, _ *http.Request) {
		s, _ := p.get()
		answer(w, s.Ready, s.Reason+": "+s.Sentence)
	})
	mux.HandleFunc("GET "+contract.PathStatus, func(w http.ResponseWriter, _ *http.Request) {
		s, _ := p.get()
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(s) // a reader that went away needs no answer
	})
	mux.HandleFunc("GET "+contract.PathMetrics, func(w http.ResponseWriter, _ *http.Request) {
		s, _ := p.get()
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		p.metrics.write(w, s)
	})
	mux.HandleFunc("POST "+contract.PathNotify, func(w http.ResponseWriter, _ *http.Request) {
		p.notify()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc(contract.PathPreStop, p.preStop)
	return mux
}

// preStop trusts the kubelet, which is the only other one with the token that the webhook gave to both.
func (p *Pages) preStop(w http.ResponseWriter, r *http.Request) {
	if p.token == "" || subtle.ConstantTimeCompare([]byte(r.Header.Get(contract.HookHeader)), []byte(p.token)) != 1 {
		http.Error(w, "only the kubelet may call the hook", http.StatusForbidden)
		return
	}
	if p.leave != nil {
		p.leave(r.Context())
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
