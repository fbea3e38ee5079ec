// SPDX-License-Identifier: Apache-2.0

package status

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// serve serves pages on loopback, where a source may be any address of 127.0.0.0/8.
func serve(t *testing.T, hooks Hooks) (*Pages, string) {
	t.Helper()
	free, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	_ = free.Close()
	p := New(Status{Ready: true}, hooks)
	p.MarkStarted()
	p.Set(Status{Ready: true})
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	over := make(chan error)
	go func() { over <- p.Serve(ctx, address) }()
	t.Cleanup(func() {
		cancel()
		if err := <-over; err != nil {
			t.Error(err)
		}
	})
	for c := from(t, "127.0.0.1"); ; time.Sleep(time.Millisecond) {
		if code := probe(t, c, address, contract.PathStarted); code == http.StatusOK {
			return p, address
		}
	}
}

// patient is how long an answer may take here: attackers, kubelet and agent share a processor, which others use too. How fast it is
// beside a process of its own is shown by test/process.
const patient = 5 * time.Second

// from is a client at an address that makes a connection for each request, as the kubelet does.
func from(t *testing.T, source string) *http.Client {
	t.Helper()
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(source)}}
	return &http.Client{Timeout: patient, Transport: &http.Transport{DisableKeepAlives: true, DialContext: dialer.DialContext}}
}

func probe(t *testing.T, c *http.Client, address, path string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set(contract.HookHeader, "secret")
	response, err := c.Do(r)
	if err != nil {
		return 0
	}
	_ = response.Body.Close()
	return response.StatusCode
}

// flood makes so many idle connections from each of some sources, as fast as it can, and then goes on making new ones, until the test ends. What
// it says first may be the beginning of a request.
func flood(t *testing.T, address string, sources, each int, says string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var all sync.WaitGroup
	t.Cleanup(func() { cancel(); all.Wait() })
	var full sync.WaitGroup
	for s := range sources {
		full.Add(1)
		all.Go(func() {
			dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 1, byte(s))}, Timeout: time.Second}
			var open []net.Conn
			for n := 0; ctx.Err() == nil; n++ {
				conn, err := dialer.DialContext(ctx, "tcp", address)
				if err == nil {
					_, _ = conn.Write([]byte(says))
					open = append(open, conn)
				}
				if n == each {
					full.Done()
				}
				if len(open) > each {
					_ = open[0].Close()
					open = open[1:]
					time.Sleep(time.Duration(4*sources) * time.Millisecond) // a quarter of a thousand new ones a second in all
				}
			}
			for _, conn := range open {
				_ = conn.Close()
			}
		})
	}
	full.Wait()
}

// TestIdleConnectionsKeepNoProbeOut: some thousand connections that say nothing, or begin a request and never end it, from one source
// or from many. The kubelet's probes are answered all the time, and the agent does not grow.
func TestIdleConnectionsKeepNoProbeOut(t *testing.T) {
	for _, c := range []struct {
		sources, each int
		says          string
	}{
		{1, 3000, ""},
		{1, 3000, "GET /ready HTTP/1.1\r\nX: "},
		{20, 150, ""},
		{20, 150, "GET /status HTTP/1.1\r\nHost: a\r\n\r\n"},
	} {
		t.Run(fmt.Sprintf("%d sources, %d each, %q", c.sources, c.each, c.says), func(t *testing.T) {
			_, address := serve(t, Hooks{})
			before := runtime.NumGoroutine()
			flood(t, address, c.sources, c.each, c.says)
			kubelet := from(t, "127.0.0.9")
			failed := 0
			probes := 200
			if testing.Short() {
				probes = 50
			}
			for range probes {
				if probe(t, kubelet, address, contract.PathReady) != http.StatusOK {
					failed++
				}
			}
			if failed > 0 {
				t.Errorf("%d of %d probes were not answered", failed, probes)
			}
			if grown := runtime.NumGoroutine() - before; grown > 6*mostGuests {
				t.Errorf("%d goroutines more than before", grown)
			}
		})
	}
}

// TestHookStaysThroughAFlood: the hook may take ten seconds, in which hundreds of connections come from everywhere, and longer than
// a caller has for its headers.
func TestHookStaysThroughAFlood(t *testing.T) {
	goOn := make(chan struct{})
	entered := make(chan struct{})
	_, address := serve(t, Hooks{Token: "secret", Leave: func(ctx context.Context) bool {
		close(entered)
		select {
		case <-goOn:
		case <-ctx.Done():
			t.Error("the hook was cut off")
		}
		return true
	}})
	kubelet := from(t, "127.0.0.9")
	kubelet.Timeout = 10 * time.Second
	code := make(chan int)
	go func() { code <- probe(t, kubelet, address, contract.PathPreStop) }()
	<-entered
	flood(t, address, 2*mostGuests, 2, "")
	time.Sleep(headersWithin + 200*time.Millisecond)
	close(goOn)
	if got := <-code; got != http.StatusNoContent {
		t.Errorf("the kubelet's hook: %d, want 204", got)
	}
}

// TestRequestsAreBounded: nothing is read that no page needs.
func TestRequestsAreBounded(t *testing.T) {
	_, address := serve(t, Hooks{Notify: func() {}})
	for name, c := range map[string]struct {
		request string
		want    string
	}{
		"a body":                  {"POST /notify HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\nx", "HTTP/1.1 413 "},
		"a body without a length": {"POST /notify HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 413 "},
		"long headers":            {"GET /ready HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("x", 16<<10) + "\r\n\r\n", "HTTP/1.1 431 "},
		"a request":               {"POST /notify HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 204 "},
	} {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = conn.Write([]byte(c.request))
		_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
		answer := make([]byte, len(c.want))
		if _, err = conn.Read(answer); err != nil || string(answer) != c.want {
			t.Errorf("%s: %q, %v; want %s", name, answer, err, c.want)
		}
		_ = conn.Close()
	}
}
