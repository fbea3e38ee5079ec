// SPDX-License-Identifier: Apache-2.0

package process

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/process/lab"
)

// perSecond is how many operations hammer sends.
const perSecond = 1000

// keepers is how many clients keep their connection, so that one slow answer does not lower the rate.
const keepers = 6

// hammer sends operations to the master until it is told to end: some clients keep their connection, another makes a new one each time.
// The function that it returns ends it, and tells what failed.
func hammer(t *testing.T, set *lab.Set) func() []string {
	t.Helper()
	address := set.Master().Redis().Options().Addr
	var mu sync.Mutex
	var failed []string
	sent := 0
	note := func(who string, err error) {
		mu.Lock()
		defer mu.Unlock()
		if sent++; err != nil {
			failed = append(failed, who+": "+err.Error())
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	began := time.Now()
	dial := func() *redis.Client {
		return redis.NewClient(&redis.Options{Addr: address, Password: set.Password, Protocol: 2, DisableIdentity: true, MaxRetries: -1, PoolSize: 1})
	}
	for who := range keepers {
		running.Go(func() {
			client := dial()
			defer client.Close() //nolint:errcheck // the load is over
			every := time.NewTicker(keepers * time.Second / (perSecond * 9 / 10))
			defer every.Stop()
			for n := 0; ; n++ {
				select {
				case <-ctx.Done():
					return
				case <-every.C:
					note("keeps its connection", client.Set(context.WithoutCancel(ctx), fmt.Sprint("kept-", who, "-", n%1000), n, 0).Err())
				}
			}
		})
	}
	running.Go(func() {
		every := time.NewTicker(10 * time.Second / perSecond)
		defer every.Stop()
		for n := 0; ; n++ {
			select {
			case <-ctx.Done():
				return
			case <-every.C:
				client := dial()
				note("makes a new one", client.Set(context.WithoutCancel(ctx), fmt.Sprint("new-", n%1000), n, 0).Err())
				_ = client.Close()
			}
		}
	})
	return func() []string {
		cancel()
		running.Wait()
		t.Logf("%d operations in %.1f s, %d failed", sent, time.Since(began).Seconds(), len(failed))
		return failed
	}
}

// pause waits: what is waited for is that nothing happens, or that time passes between two things that others do.
func pause(t *testing.T, d time.Duration) {
	t.Helper()
	select {
	case <-time.After(d):
	case <-t.Context().Done():
	}
}
