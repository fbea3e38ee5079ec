// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// probing asks as the kubelet does: with a new connection each time.
var probing = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

// probes ask the agent what the kubelet would ask, a little more often, and tell the API.
type probes struct {
	pod    *Pod
	mu     sync.Mutex
	paused bool
	ready  bool
	stop   chan struct{}
	once   sync.Once
}

const (
	probeEvery = 250 * time.Millisecond
	// probeFailures in a row make a pod unready.
	probeFailures = 3
)

func newProbes(p *Pod) *probes { return &probes{pod: p, stop: make(chan struct{})} }

// started waits for the agent's startup probe.
func (p *probes) started(within time.Duration) error {
	deadline := time.Now().Add(within)
	for !p.ask(contract.PathStarted) {
		if time.Now().After(deadline) {
			return fmt.Errorf("the agent of %s has not started within %s", p.pod.Name, within)
		}
		time.Sleep(50 * time.Millisecond)
	}
	return nil
}

// watch follows readiness until the end of the pod.
func (p *probes) watch() {
	ticker := time.NewTicker(probeEvery)
	defer ticker.Stop()
	failures := 0
	for {
		select {
		case <-p.stop:
			return
		case <-ticker.C:
		}
		if p.isPaused() {
			continue
		}
		running := !p.pod.server.current().Ended()
		switch {
		case running && p.ask(contract.PathReady):
			failures = 0
			p.tell(true)
		case !running || failures >= probeFailures:
			p.tell(false)
		default:
			failures++
		}
	}
}

func (p *probes) ask(path string) bool {
	ctx, cancel := context.WithTimeout(p.pod.set.scene.context(), time.Second)
	defer cancel()
	url := "http://" + netip.AddrPortFrom(p.pod.Address, contract.AgentPort).String() + path
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return false
	}
	response, err := probing.Do(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}

func (p *probes) tell(ready bool) {
	p.mu.Lock()
	same, paused := p.ready == ready, p.paused
	p.mu.Unlock()
	if same || paused {
		return
	}
	if err := p.pod.status(ready); err == nil {
		p.mu.Lock()
		p.ready = ready
		p.mu.Unlock()
	}
}

func (p *probes) pause(yes bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.paused = yes
}

func (p *probes) isPaused() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.paused
}

func (p *probes) end() { p.once.Do(func() { close(p.stop) }) }
