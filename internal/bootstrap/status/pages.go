// SPDX-License-Identifier: Apache-2.0

package status

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"net"
	"net/http"
	"sync"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// Pages answers the kubelet's probes and hook. It makes no decision: it repeats what the loop decided last.
type Pages struct {
	hooks   Hooks
	metrics *Metrics

	mu      sync.Mutex
	started bool
	status  Status
}

// Hooks are what callers may set off. What is nil or empty nobody may.
type Hooks struct {
	// Token is what the preStop hook must carry.
	Token string
	// Notify wakes the agent.
	Notify func()
	// Offers are those of other pods' agents.
	Offers *Offers
	// Leave is called by the hook. It returns when there is nothing left to give away, false where it refused to begin.
	Leave func(context.Context) bool
}

// New makes the pages of an agent that has not started yet.
func New(first Status, hooks Hooks) *Pages {
	return &Pages{hooks: hooks, metrics: newMetrics(), status: first}
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

// Handler answers every path of the agent.
func (p *Pages) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+contract.PathStarted, func(w http.ResponseWriter, _ *http.Request) {
		_, started := p.get()
		answer(w, started, "the configuration has not been written yet")
	})
	mux.HandleFunc("GET "+contract.PathReady, func(w http.ResponseWriter, _ *http.Request) {
		s, _ := p.get()
		answer(w, s.Ready, s.Reason+": "+s.Sentence)
	})
	mux.HandleFunc("GET "+contract.PathStatus, func(w http.ResponseWriter, r *http.Request) {
		s, _ := p.get()
		if !fromHere(r) {
			s.Groups = nil
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(s) // a reader that went away needs no answer
	})
	mux.HandleFunc("GET "+contract.PathMetrics, func(w http.ResponseWriter, r *http.Request) {
		s, _ := p.get()
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		p.metrics.write(w, s, fromHere(r))
	})
	if p.hooks.Notify != nil {
		pokes := newPokes(p.hooks.Notify)
		mux.HandleFunc("POST "+contract.PathNotify, func(w http.ResponseWriter, r *http.Request) {
			pokes.take(sourceOf(r.RemoteAddr))
			w.WriteHeader(http.StatusNoContent)
		})
	}
	if o := p.hooks.Offers; o != nil {
		mux.HandleFunc("GET "+contract.PathOffer, o.ask)
		mux.HandleFunc("POST "+contract.PathOffer, o.give)
	}
	mux.HandleFunc(contract.PathPreStop, p.preStop)
	return bodiless(mux)
}

// preStop trusts the kubelet, which is the only other one with the token that the webhook gave to both. Where the kubelet calls from
// cannot be told from its address: that may be the node's, a bridge's or a tunnel's.
func (p *Pages) preStop(w http.ResponseWriter, r *http.Request) {
	if p.hooks.Token == "" || subtle.ConstantTimeCompare([]byte(r.Header.Get(contract.HookHeader)), []byte(p.hooks.Token)) != 1 {
		http.Error(w, "only the kubelet may call the hook", http.StatusForbidden)
		return
	}
	keepOpen(r.Context())
	if p.hooks.Leave != nil && !p.hooks.Leave(r.Context()) {
		http.Error(w, "the hook was called a short while ago, and the pod neither ends nor did its Redis", http.StatusTooManyRequests)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// bodiless refuses a request with a body: none of the pages reads one.
func bodiless(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength != 0 {
			w.Header().Set("Connection", "close") // the body is not waited for
			http.Error(w, "no page takes a body", http.StatusRequestEntityTooLarge)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// fromHere reports whether the caller is in this pod. What names the groups of a Sentinel set is for those who may look into its
// pods, as by kubectl port-forward: everybody else can reach the port too, and groups belong to different tenants.
func fromHere(r *http.Request) bool {
	ip := net.ParseIP(sourceOf(r.RemoteAddr))
	return ip != nil && ip.IsLoopback()
}

// sourceOf is the address without the port.
func sourceOf(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return host
}

func answer(w http.ResponseWriter, ok bool, otherwise string) {
	if !ok {
		http.Error(w, otherwise, http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusOK)
}
