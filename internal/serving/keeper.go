// SPDX-License-Identifier: Apache-2.0

package serving

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Defaults of Options.
const (
	DefaultAuthorityLifetime = 10 * 365 * 24 * time.Hour
	DefaultLeafLifetime      = 7 * 24 * time.Hour
	DefaultInterval          = time.Minute
	// settle is how old a new authority is before leaves are signed with it while the old leaf still serves.
	settle = 10 * time.Minute
)

// Options of a Keeper.
type Options struct {
	// Secret holds the authority.
	Secret client.ObjectKey
	// Names that the leaf is valid for: DNS names or IP addresses.
	Names []string
	// Configurations are the MutatingWebhookConfigurations whose caBundle is kept.
	Configurations []string
	// AuthorityLifetime and LeafLifetime; both are renewed when two thirds are over.
	AuthorityLifetime, LeafLifetime time.Duration
	// Interval between two turns without an event. The wall clock counts, because a suspended machine's other clock stops.
	Interval time.Duration
	// Now is the clock.
	Now func() time.Time
	// Changed is called after a turn that a change of a configuration caused, once the bundle stands. May be nil.
	Changed func()
}

// Keeper keeps the serving certificate of one replica. It is a manager.Runnable that needs no leader.
type Keeper struct {
	client  client.WithWatch
	options Options
	metrics *Metrics
	log     logr.Logger

	mu        sync.RWMutex
	authority *Authority
	leaf      *tls.Certificate
	// published says what the last turn found out about each configuration; nil is success.
	published map[string]error
}

// NewKeeper returns a Keeper; the client must not be cached.
func NewKeeper(c client.WithWatch, o Options, m *Metrics, log logr.Logger) *Keeper {
	if o.AuthorityLifetime == 0 {
		o.AuthorityLifetime = DefaultAuthorityLifetime
	}
	if o.LeafLifetime == 0 {
		o.LeafLifetime = DefaultLeafLifetime
	}
	if o.Interval == 0 {
		o.Interval = DefaultInterval
	}
	return &Keeper{client: c, options: o, metrics: m, log: log}
}

// NeedLeaderElection is false: every replica serves.
func (k *Keeper) NeedLeaderElection() bool { return false }

// GetCertificate is for tls.Config. Before the first turn there is no certificate, and handshakes fail.
func (k *Keeper) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	if k.leaf == nil {
		return nil, errors.New("no serving certificate yet")
	}
	return k.leaf, nil
}

// Ready is a healthz.Checker: the leaf is valid and every configuration carries the authority that signed it.
func (k *Keeper) Ready(*http.Request) error {
	now := k.now()
	k.mu.RLock()
	defer k.mu.RUnlock()
	if k.leaf == nil {
		return errors.New("no serving certificate yet")
	}
	if now.After(k.leaf.Leaf.NotAfter) {
		return fmt.Errorf("the serving certificate expired at %s", k.leaf.Leaf.NotAfter.Format(time.RFC3339))
	}
	if !k.authority.Believes(k.leaf.Leaf, now) {
		return errors.New("the published bundle does not hold the authority of the serving certificate")
	}
	for _, name := range k.options.Configurations {
		if err, seen := k.published[name]; err != nil || !seen {
			return fmt.Errorf("MutatingWebhookConfiguration %s has no caBundle of ours yet: %w", name, err)
		}
	}
	return nil
}

// Start repeats turns until the context ends: at each tick, at each change of a configuration or of the Secret, and soon
// after a turn that failed.
func (k *Keeper) Start(ctx context.Context) error {
	changes := make(chan struct{}, 1)
	k.watch(ctx, changes)
	const retry = time.Second
	changed := false
	for {
		err := k.Turn(ctx)
		if err != nil && ctx.Err() == nil {
			k.log.Error(err, "Serving certificate is not in order")
		}
		if err == nil && changed && k.options.Changed != nil {
			k.options.Changed()
		}
		wait := k.options.Interval
		if err != nil {
			wait = min(retry, wait)
		} else {
			changed = false
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changes:
			changed = true
		case <-time.After(wait):
		}
	}
}

// Turn brings Secret, leaf and configurations into order once. Doing it twice is doing it once.
func (k *Keeper) Turn(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	now := k.now()
	k.mu.RLock()
	mine, leaf := k.authority, k.leaf
	k.mu.RUnlock()

	authority, err := ensureAuthority(ctx, k.client, k.options.Secret, mine, now, k.options.AuthorityLifetime)
	if err != nil {
		return err
	}
	if k.wantsLeaf(authority, leaf, now) {
		if leaf, err = authority.Leaf(k.options.Names, now, k.options.LeafLifetime); err != nil {
			return err
		}
		k.log.Info("Signed a serving certificate", "notAfter", leaf.Leaf.NotAfter)
	}
	published := make(map[string]error, len(k.options.Configurations))
	var failures []error
	bundle := authority.Bundle(now)
	for _, name := range k.options.Configurations {
		wrote, err := publish(ctx, k.client, name, bundle)
		if wrote {
			k.metrics.bundleWrites.Inc()
			k.log.Info("Wrote caBundle", "configuration", name)
		}
		published[name] = err
		failures = append(failures, err)
	}

	k.mu.Lock()
	k.authority, k.leaf, k.published = authority, leaf, published
	k.mu.Unlock()
	k.metrics.observe(authority, leaf)
	return errors.Join(failures...)
}

// wantsLeaf tells whether the leaf must be signed anew: there is none, nobody believes it, or it is due and the authority
// has been known long enough.
func (k *Keeper) wantsLeaf(authority *Authority, leaf *tls.Certificate, now time.Time) bool {
	if leaf == nil || !authority.Believes(leaf.Leaf, now) || !now.Before(leaf.Leaf.NotAfter) {
		return true
	}
	if !due(leaf.Leaf, now) {
		return false
	}
	fresh := leaf.Leaf.CheckSignatureFrom(authority.cert) != nil && now.Before(authority.Created().Add(settle))
	return !fresh
}

// now has no monotonic part, so that a suspended machine cannot stretch a certificate's life.
func (k *Keeper) now() time.Time { return k.options.Now().Round(0) }
