// SPDX-License-Identifier: Apache-2.0

package serving

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
)

// serve runs a server until the test ends and returns its address.
func serve(t *testing.T, secure *tls.Config, handler http.HandlerFunc, log logr.Logger) string {
	t.Helper()
	s, err := Listen(t.Context(), "test", "127.0.0.1:0", secure, handler, time.Now, log)
	if err != nil {
		t.Fatal(err)
	}
	if s.Ready(nil) == nil {
		t.Error("ready before it serves")
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Start(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return s.listener.Addr().String()
}

func hello(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	_, _ = io.WriteString(w, "hello")
}

func call(t *testing.T, c *http.Client, url string) error {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader("review"))
	if err != nil {
		t.Fatal(err)
	}
	response, err := c.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if text, err := io.ReadAll(response.Body); err != nil || string(text) != "hello" {
		return fmt.Errorf("answer %q: %w", text, err)
	}
	return nil
}

// TestSilentConnectionsKeepNobodyOut is A7 from the attacker's side: he opens ten times as many connections as there is
// room for, says nothing or half a request on each, and goes on opening more.
func TestSilentConnectionsKeepNobodyOut(t *testing.T) {
	for name, words := range map[string]string{
		"nothing":     "",
		"half a line": "POST / HT",
		"a header":    "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n",
		"half a body": "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf",
	} {
		t.Run(name, func(t *testing.T) {
			address := serve(t, nil, hello, logr.Discard())
			ctx, cancel := context.WithCancel(t.Context())
			var group sync.WaitGroup
			defer group.Wait()
			defer cancel()
			for range 4 {
				group.Go(func() { crowdIn(ctx, address, words, 10*room/4) })
			}
			time.Sleep(200 * time.Millisecond) // so that the port is full
			for i := range 20 {
				c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 2 * time.Second}
				if err := call(t, c, "http://"+address); err != nil {
					t.Fatalf("call %d: %v", i, err)
				}
			}
		})
	}
}

// crowdIn keeps so many connections open, and opens one more each millisecond.
func crowdIn(ctx context.Context, address, words string, most int) {
	var open []net.Conn
	defer func() {
		for _, conn := range open {
			_ = conn.Close()
		}
	}()
	for ctx.Err() == nil {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err != nil {
			return
		}
		_, _ = io.WriteString(conn, words)
		if open = append(open, conn); len(open) > most {
			_ = open[0].Close()
			open = open[1:]
		}
		time.Sleep(time.Millisecond)
	}
}

// TestRoomIsLimited: no more connections than there is room for are open, and one whose request is at work is not closed.
func TestRoomIsLimited(t *testing.T) {
	working, finish := make(chan struct{}), make(chan struct{})
	address := serve(t, nil, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		close(working)
		<-finish
		_, _ = io.WriteString(w, "hello")
	}, logr.Discard())
	answered := make(chan error, 1)
	go func() { answered <- call(t, &http.Client{}, "http://"+address) }()
	<-working
	var all []net.Conn
	for range room + 20 {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		all = append(all, conn)
	}
	closed := 0
	for _, conn := range all[:20] { // the oldest have to go
		_ = conn.SetReadDeadline(time.Now().Add(2 * time.Second))
		if _, err := conn.Read(make([]byte, 1)); err != nil && !isTimeout(err) {
			closed++
		}
	}
	if closed < 20 {
		t.Errorf("of %d connections, only %d of the first 20 were closed", len(all), closed)
	}
	close(finish)
	if err := <-answered; err != nil {
		t.Errorf("the one that was being served: %v", err)
	}
}

func isTimeout(err error) bool {
	timeout, ok := err.(net.Error) //nolint:errorlint // as it comes from the connection
	return ok && timeout.Timeout()
}

// TestHeadersAndPatienceAreBounded: what a client can send before it is heard, and how long it may take.
func TestHeadersAndPatienceAreBounded(t *testing.T) {
	address := serve(t, nil, hello, logr.Discard())
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Large", strings.Repeat("x", 64<<10))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("a header of 64 KiB is answered by %s", response.Status)
	}
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "GET / HT")
	_ = conn.SetReadDeadline(time.Now().Add(2 * headerTimeout))
	if _, err := io.ReadAll(conn); err != nil {
		t.Errorf("half a header is waited for: %v", err)
	}
}

// clientCert is a certificate for clients by an authority.
func clientCert(t *testing.T, a *Authority, name string, usage x509.ExtKeyUsage, lifetime time.Duration) tls.Certificate {
	t.Helper()
	cert, err := a.Leaf([]string{name}, time.Now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	draft := *cert.Leaf
	draft.Subject, draft.ExtKeyUsage, draft.NotAfter = pkix.Name{CommonName: name}, []x509.ExtKeyUsage{usage}, time.Now().Add(lifetime)
	key, err := NewAuthority("unused", time.Now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := sign(&draft, a.cert, key.key, a.key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{signed.Raw}, PrivateKey: key.key}
}

// TestOnlyTheAPIServerGetsIn: with an authority configured, a connection without its certificate does not reach the handler.
func TestOnlyTheAPIServerGetsIn(t *testing.T) {
	ours, other := newClientAuthority(t), newClientAuthority(t)
	leaf, err := ours.Leaf([]string{"127.0.0.1"}, time.Now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		names []string
		certs []tls.Certificate
		in    bool
	}{
		"the API server":           {[]string{"front-proxy-client"}, []tls.Certificate{clientCert(t, ours, "front-proxy-client", x509.ExtKeyUsageClientAuth, time.Hour)}, true},
		"any name":                 {nil, []tls.Certificate{clientCert(t, ours, "whoever", x509.ExtKeyUsageClientAuth, time.Hour)}, true},
		"nobody":                   {nil, nil, false},
		"another name":             {[]string{"front-proxy-client"}, []tls.Certificate{clientCert(t, ours, "kubelet", x509.ExtKeyUsageClientAuth, time.Hour)}, false},
		"another authority":        {[]string{"front-proxy-client"}, []tls.Certificate{clientCert(t, other, "front-proxy-client", x509.ExtKeyUsageClientAuth, time.Hour)}, false},
		"a certificate of servers": {nil, []tls.Certificate{clientCert(t, ours, "front-proxy-client", x509.ExtKeyUsageServerAuth, time.Hour)}, false},
		"one of yesterday":         {nil, []tls.Certificate{clientCert(t, ours, "front-proxy-client", x509.ExtKeyUsageClientAuth, -time.Minute)}, false},
	} {
		for version, number := range map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13} {
			t.Run(name+" "+version, func(t *testing.T) {
				reached := false
				config := &tls.Config{Certificates: []tls.Certificate{*leaf}, MinVersion: tls.VersionTLS12}
				if err := RequireClients(config, ours.Bundle(time.Now()), tc.names); err != nil {
					t.Fatal(err)
				}
				log := &bytes.Buffer{}
				address := serve(t, config, func(w http.ResponseWriter, r *http.Request) { reached = true; hello(w, r) }, logr.FromSlogHandler(slog.NewTextHandler(log, nil)))
				roots := x509.NewCertPool()
				roots.AddCert(ours.cert)
				// The session cache has the second call resume the first one's session.
				transport := &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{
					RootCAs: roots, Certificates: tc.certs, MaxVersion: number, MinVersion: number, ClientSessionCache: tls.NewLRUClientSessionCache(4), //nolint:gosec // 1.2 is what is tested
				}}
				for range 2 {
					err := call(t, &http.Client{Transport: transport, Timeout: 5 * time.Second}, "https://"+address)
					if (err == nil) != tc.in || reached != tc.in {
						t.Errorf("error %v, the handler was reached: %v", err, reached)
					}
				}
			})
		}
	}
}

func newClientAuthority(t *testing.T) *Authority {
	t.Helper()
	a, err := NewAuthority("clients", time.Now(), 2*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestAuthoritiesThatAreNoneAreRefused(t *testing.T) {
	for _, text := range []string{"", "\n", "nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"} {
		if err := RequireClients(&tls.Config{MinVersion: tls.VersionTLS12}, []byte(text), nil); err == nil {
			t.Errorf("%q was taken: everybody or nobody would get in", text)
		}
	}
}

// TestFailedConnectionsFillNoLog: everybody who reaches the port can fail.
func TestFailedConnectionsFillNoLog(t *testing.T) {
	log, now := &bytes.Buffer{}, noon
	s := &seldom{log: logr.FromSlogHandler(slog.NewTextHandler(log, nil)), now: func() time.Time { return now }}
	for range 100 {
		fmt.Fprintln(s, "http: TLS handshake error")
	}
	now = now.Add(quiet)
	fmt.Fprintln(s, "http: TLS handshake error")
	if got := strings.Count(log.String(), "\n"); got != 2 || !strings.Contains(log.String(), "leftOut=99") {
		t.Errorf("%d lines: %s", got, log)
	}
}
