// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"

	"sigs.k8s.io/controller-runtime/pkg/cache"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/provision"
)

// caches starts the informers on every replica, leader or not, and knows when they are filled.
type caches struct {
	informers cache.Informers
	filled    atomic.Bool
}

// NeedLeaderElection is false: every replica answers from its cache.
func (c *caches) NeedLeaderElection() bool { return false }

// Start fills the caches.
func (c *caches) Start(ctx context.Context) error {
	if err := provision.Prime(ctx, c.informers); err != nil {
		return err
	}
	c.filled.Store(true)
	<-ctx.Done()
	return nil
}

// Ready is a healthz.Checker.
func (c *caches) Ready(*http.Request) error {
	if !c.filled.Load() {
		return errors.New("the caches have not synced yet")
	}
	return nil
}

// drain makes a stopping replica unready while it still serves.
type drain struct{ begun atomic.Bool }

func (d *drain) begin() { d.begun.Store(true) }

// Ready is a healthz.Checker.
func (d *drain) Ready(*http.Request) error {
	if d.begun.Load() {
		return errors.New("the webhook is stopping")
	}
	return nil
}
