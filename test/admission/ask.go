// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"sigs.k8s.io/yaml"
)

// review is an AdmissionReview of a pod that is being created.
func review(path string) ([]byte, error) {
	text, err := os.ReadFile(path) //nolint:gosec // what the caller names
	if err != nil {
		return nil, err
	}
	pod, err := yaml.YAMLToJSON(text)
	if err != nil {
		return nil, err
	}
	return json.Marshal(map[string]any{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": map[string]any{
		"uid": "1", "namespace": "shop", "name": "redis-0", "operation": "CREATE", "object": json.RawMessage(pod),
	}})
}

// clientOf asks over connections that stay, as API servers do.
func clientOf(authority string) (*http.Client, error) {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM([]byte(authority)) {
		return nil, errors.New("the serving process named no authority")
	}
	return &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, MaxIdleConnsPerHost: 256, MaxConnsPerHost: 256,
	}}, nil
}

// taken are the answers of one handler.
type taken struct {
	mu     sync.Mutex
	times  []time.Duration
	failed int
}

func (t *taken) note(took time.Duration, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err != nil {
		t.failed++
		return
	}
	t.times = append(t.times, took)
}

// at is a quantile, in milliseconds.
func (t *taken) at(q float64) float64 {
	if len(t.times) == 0 {
		return 0
	}
	return float64(t.times[min(int(q*float64(len(t.times))), len(t.times)-1)].Microseconds()) / 1000
}

// compare asks both handlers by turns, and prints a line for each.
func (c *child) compare(ctx context.Context, body []byte, rate, rounds int, long time.Duration) error {
	all := map[string]*taken{"webhook": {}, "empty": {}}
	for range rounds {
		for _, name := range []string{"empty", "webhook"} {
			if err := c.turn(ctx, name, body, rate, long, all[name]); err != nil {
				return err
			}
		}
	}
	for _, t := range all {
		slices.Sort(t.times)
	}
	for _, name := range []string{"empty", "webhook"} {
		t := all[name]
		fmt.Printf("| %d | %s | %d | %d | %.2f ms | %.2f ms | %.2f ms | %.2f ms | %.2f |\n",
			rate, name, len(t.times), t.failed, t.at(.5), t.at(.9), t.at(.99), t.at(.999), t.at(.99)/all["empty"].at(.99))
	}
	return nil
}

// turn asks one handler at a rate for some time.
func (c *child) turn(ctx context.Context, name string, body []byte, rate int, long time.Duration, into *taken) error {
	if err := c.ask(ctx, name, body); err != nil { // a connection is there, and somebody is at its other end
		return fmt.Errorf("%s: %w", name, err)
	}
	began, every := time.Now(), time.Second/time.Duration(rate) //nolint:forbidigo // the program's own
	var asking sync.WaitGroup
	for i := range int(long / every) {
		due := began.Add(time.Duration(i) * every)
		time.Sleep(time.Until(due))
		if ctx.Err() != nil {
			break
		}
		asking.Go(func() {
			err := c.ask(ctx, name, body)
			into.note(time.Since(due), err)
		})
	}
	asking.Wait()
	return ctx.Err()
}

func (c *child) ask(ctx context.Context, name string, body []byte) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.paths[name], bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := c.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close() //nolint:errcheck // read to its end
	text := make([]byte, max(response.ContentLength, 0))
	_, err = io.ReadFull(response.Body, text)
	if err == nil && (response.StatusCode != http.StatusOK || !bytes.Contains(text, []byte(`"allowed":true`))) {
		err = fmt.Errorf("%s: %.200s", response.Status, text)
	}
	return err
}
