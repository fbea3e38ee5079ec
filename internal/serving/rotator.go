// SPDX-License-Identifier: Apache-2.0

package serving

import (
	"cmp"
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

// Options of a Rotator.
type Options struct {
	// Secret holds the authority.
	Secret client.ObjectKey
	// Names that the leaf is valid for: DNS names or IP addresses.
	Names []string
	// Configurations are the MutatingWebhookConfigurations whose caBundle is kept.
	Configurations []string
	// AuthorityLifetime and LeafLifetime; both are renewed when two thirds are over.
	AuthorityLifetime, LeafLifetime time.Duration
	// Interval between two rotations without an event. The wall clock counts, because a suspended machine's other clock stops.
	Interval time.Duration
	// Now is the clock.
	Now func() time.Time
	// Changed is called after a rotation that a change of a configuration caused, once the bundle stands. May be nil.
	Changed func()
}

// Rotator keeps the serving certificate of one replica fresh. It is a manager.Runnable that needs no leader.
type Rotator struct {
	client  client.WithWatch
	options Options
	metrics *Metrics
	log     logr.Logger

	mu        sync.RWMutex
	authority *Authority
	leaf      *tls.Certificate
	// published is what the last rotation found out about each configuration; nil is success.
	published map[string]error
}

// NewRotator returns a Rotator; the client must not be cached.
func NewRotator(c client.WithWatch, o Options, m *Metrics, log logr.Logger) *Rotator {
	o.AuthorityLifetime = cmp.Or(o.AuthorityLifetime, DefaultAuthorityLifetime)
	o.LeafLifetime = cmp.Or(o.LeafLifetime, DefaultLeafLifetime)
	o.Interval = cmp.Or(o.Interval, DefaultInterval)
	return &Rotator{client: c, options: o, metrics: m, log: log}
}

// NeedLeaderElection is false: every replica serves.
func (r *Rotator) NeedLeaderElection() bool { return false }

// GetCertificate is for tls.Config. Before the first rotation there is no certificate, and handshakes fail.
func (r *Rotator) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.leaf == nil {
		return nil, errors.New("no serving certificate yet")
	}
	return r.leaf, nil
}

// Ready is a healthz.Checker: the leaf is valid and every configuration carries the authority that signed it.
func (r *Rotator) Ready(*http.Request) error {
	now := r.now()
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.leaf == nil {
		return errors.New("no serving certificate yet")
	}
	if now.After(r.leaf.Leaf.NotAfter) {
		return fmt.Errorf("the serving certificate expired at %s", r.leaf.Leaf.NotAfter.Format(time.RFC3339))
	}
	if !r.authority.Trusts(r.leaf.Leaf, now) {
		return errors.New("the published bundle does not contain the authority of the serving certificate")
	}
	for _, name := range r.options.Configurations {
		if err := r.published[name]; err != nil {
			return fmt.Errorf("MutatingWebhookConfiguration %s may not have the CA bundle: %w", name, err)
		}
	}
	return nil
}

// Start rotates until the context ends: at each tick, at each change of a configuration or of the Secret, and soon
// after a rotation that failed.
func (r *Rotator) Start(ctx context.Context) error {
	changes := make(chan struct{}, 1)
	var watches sync.WaitGroup
	defer watches.Wait()
	r.watch(ctx, &watches, changes)
	const retry = time.Second
	changed := false
	for {
		err := r.Rotate(ctx)
		if err != nil && ctx.Err() == nil {
			r.log.Error(err, "Cannot rotate the serving certificate")
		}
		if err == nil && changed && r.options.Changed != nil {
			r.options.Changed()
		}
		wait := r.options.Interval
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

// Rotate brings Secret, leaf and configurations into order once. Doing it twice is doing it once.
func (r *Rotator) Rotate(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	now := r.now()
	r.mu.RLock()
	mine, leaf := r.authority, r.leaf
	r.mu.RUnlock()

	authority, err := r.ensureAuthority(ctx, mine, now)
	if err != nil {
		return err
	}
	if r.wantsLeaf(authority, leaf, now) {
		if leaf, err = authority.Leaf(r.options.Names, now, r.options.LeafLifetime); err != nil {
			return err
		}
		r.log.Info("Signed a serving certificate", "notAfter", leaf.Leaf.NotAfter)
	}
	published := make(map[string]error, len(r.options.Configurations))
	var failures []error
	bundle := authority.Bundle(now)
	for _, name := range r.options.Configurations {
		wrote, err := publish(ctx, r.client, name, bundle)
		if wrote {
			r.metrics.bundleWrites.Inc()
			r.log.Info("Wrote caBundle", "configuration", name)
		}
		published[name] = err
		failures = append(failures, err)
	}

	r.mu.Lock()
	r.authority, r.leaf, r.published = authority, leaf, published
	r.mu.Unlock()
	r.metrics.observe(authority, leaf)
	return errors.Join(failures...)
}

// wantsLeaf reports whether a new leaf must be signed: there is none, nobody trusts it, or it is due and the authority
// has been known long enough.
func (r *Rotator) wantsLeaf(authority *Authority, leaf *tls.Certificate, now time.Time) bool {
	if leaf == nil || !authority.Trusts(leaf.Leaf, now) || !now.Before(leaf.Leaf.NotAfter) {
		return true
	}
	if !due(leaf.Leaf, now) {
		return false
	}
	fresh := leaf.Leaf.CheckSignatureFrom(authority.cert) != nil && now.Before(authority.Created().Add(settle))
	return !fresh
}

// now has no monotonic part, so that a suspended machine cannot stretch a certificate's life.
func (r *Rotator) now() time.Time { return r.options.Now().Round(0) }
