// SPDX-License-Identifier: Apache-2.0

package load

import (
	"bytes"
	"context"
	"encoding/gob"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/failover/measure"
)

// Client commands a Server in the pod at the address Host: the set of its writers that is called Set.
type Client struct{ Host, Set string }

// Start starts writers and returns when each has its first acknowledgement.
func (c Client) Start(ctx context.Context, specs []Spec) error {
	return c.do(ctx, http.MethodPost, "start", specs, nil)
}

// Acks counts what each writer has had acknowledged so far.
func (c Client) Acks(ctx context.Context) (counts []int, err error) {
	err = c.do(ctx, http.MethodGet, "acks", nil, &counts)
	return counts, err
}

// Stop ends the writers and returns what each noted.
func (c Client) Stop(ctx context.Context) (logs []*measure.Log, err error) {
	err = c.do(ctx, http.MethodPost, "stop", nil, &logs)
	return logs, err
}

func (c Client) do(ctx context.Context, method, path string, body, into any) error {
	var text bytes.Buffer
	if body != nil {
		if err := gob.NewEncoder(&text).Encode(body); err != nil {
			return fmt.Errorf("asking the writers to %s: %w", path, err)
		}
	}
	to := url.URL{
		Scheme: "http", Host: net.JoinHostPort(c.Host, strconv.Itoa(Port)), Path: "/" + path,
		RawQuery: url.Values{setParameter: {c.Set}}.Encode(),
	}
	request, err := http.NewRequestWithContext(ctx, method, to.String(), &text)
	if err != nil {
		return fmt.Errorf("asking the writers to %s: %w", path, err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("asking the writers to %s: %w", path, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		said, _ := io.ReadAll(io.LimitReader(answer.Body, 4096))
		return fmt.Errorf("asking the writers to %s: %s", path, strings.TrimSpace(string(said)))
	}
	if into == nil {
		return nil
	}
	if err := gob.NewDecoder(answer.Body).Decode(into); err != nil {
		return fmt.Errorf("reading what the writers answer to %s: %w", path, err)
	}
	return nil
}
