// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
)

const (
	// perSecond is how many operations a load sends, the tenth part of them each by a connection of its own.
	perSecond = 1000
	// keepers keep their connections; there are several so that one slow answer does not lower the rate.
	keepers = 12
)

// load sends operations to one server.
type load struct {
	stop    context.CancelFunc
	running sync.WaitGroup
	began   time.Time

	mu     sync.Mutex
	sent   int
	failed []string
}

// startLoad begins. Every client presents the password that the group has now.
func startLoad(t *testing.T, w *world.World, group world.Group, address string) *load {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	l := &load{stop: stop, began: time.Now()}
	t.Cleanup(func() { stop(); l.running.Wait() })
	login := world.Login{Password: group.Password}
	for who := range keepers {
		l.running.Go(func() { l.keep(ctx, w, address, login, who) })
	}
	l.running.Go(func() {
		every(ctx, 10*time.Second/perSecond, func(ctx context.Context, n int) {
			client := w.Connection(address, login)
			l.note("by a new connection", client.Set(ctx, fmt.Sprint("new:", n%1000), n, 0).Err())
			_ = client.Close()
		})
	})
	return l
}

// keep sends operations by one connection; that it was closed meanwhile is a failure.
func (l *load) keep(ctx context.Context, w *world.World, address string, login world.Login, who int) {
	client := w.Connection(address, login)
	defer client.Close() //nolint:errcheck // the load is over
	id, err := client.ClientID(ctx).Result()
	l.note("by a kept connection", err)
	every(ctx, keepers*time.Second/(perSecond*9/10), func(ctx context.Context, n int) {
		l.note("by a kept connection", client.Set(ctx, fmt.Sprint("kept:", who, ":", n%1000), n, 0).Err())
	})
	if now, err := client.ClientID(context.WithoutCancel(ctx)).Result(); err != nil || now != id {
		l.note("by a kept connection", fmt.Errorf("it was closed: client %d is %d now (%w)", id, now, err))
	}
}

// every calls what it is given with a number, until the context ends; a call that has begun then is finished.
func every(ctx context.Context, pause time.Duration, call func(ctx context.Context, n int)) {
	ticks := time.NewTicker(pause)
	defer ticks.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
			call(context.WithoutCancel(ctx), n)
		}
	}
}

func (l *load) note(who string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.sent++; err != nil {
		l.failed = append(l.failed, time.Now().UTC().Format("15:04:05.000 ")+who+": "+err.Error())
	}
}

// more waits until so many more operations were sent than now.
func (l *load) more(t *testing.T, operations int) {
	t.Helper()
	sent := func() int {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.sent
	}
	want := sent() + operations
	until(t, "operations", func(context.Context) string {
		if n := sent(); n < want {
			return fmt.Sprintf("%d of %d", n, want)
		}
		return ""
	})
}

// unharmed ends the load; every failed operation and every closed connection is an error.
func (l *load) unharmed(t *testing.T) {
	t.Helper()
	l.stop()
	l.running.Wait()
	took := time.Since(l.began).Seconds()
	t.Logf("%d operations in %.1f s (%.0f a second), %d failed", l.sent, took, float64(l.sent)/took, len(l.failed))
	if len(l.failed) > 0 {
		t.Errorf("%d operations failed, the first: %s", len(l.failed), l.failed[0])
	}
}
