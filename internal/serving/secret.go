// SPDX-License-Identifier: Apache-2.0

package serving

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// attempts is how often a write that another replica won is tried again; each time the winner's content is read first.
const attempts = 5

// secretLabels say what made the Secret, for people who clean up.
func secretLabels() map[string]string {
	return map[string]string{"app.kubernetes.io/managed-by": contract.FieldManager}
}

// revise reads a Secret and replaces its data by what next returns, until nobody else wrote in between. next is given
// nil where there is no such Secret, and returns nil to leave it as it is. The client must not be cached.
func revise(ctx context.Context, c client.Client, name client.ObjectKey, next func(data map[string][]byte) (map[string][]byte, error)) error {
	var lost error
	for range attempts {
		secret := &corev1.Secret{}
		err := c.Get(ctx, name, secret)
		if err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("reading Secret %s: %w", name, err)
		}
		exists := err == nil
		if exists && secret.Data == nil {
			secret.Data = map[string][]byte{}
		}
		data, err := next(secret.Data)
		if err != nil || data == nil {
			return err
		}
		secret.Data = data
		if exists {
			err = c.Update(ctx, secret, client.FieldOwner(contract.FieldManager))
		} else {
			secret.ObjectMeta = metav1.ObjectMeta{Namespace: name.Namespace, Name: name.Name, Labels: secretLabels()}
			err = c.Create(ctx, secret, client.FieldOwner(contract.FieldManager))
		}
		if err == nil {
			return nil
		}
		if lost = err; !apierrors.IsAlreadyExists(err) && !apierrors.IsConflict(err) && !apierrors.IsNotFound(err) {
			return fmt.Errorf("writing Secret %s: %w", name, err)
		}
	}
	return fmt.Errorf("writing Secret %s: lost %d races: %w", name, attempts, lost)
}

// ensureAuthority returns the authority of the Secret. It makes one where there is none or none that can be read, for
// which it prefers mine (may be nil), the one that this replica knew before; and it renews one that is due.
func (r *Rotator) ensureAuthority(ctx context.Context, mine *Authority, now time.Time) (*Authority, error) {
	name, lifetime := r.options.Secret.Name, r.options.AuthorityLifetime
	var found *Authority
	err := revise(ctx, r.client, r.options.Secret, func(data map[string][]byte) (map[string][]byte, error) {
		current, err := decodeAuthority(data)
		switch {
		case err == nil && !current.Due(now):
			found = current
			return nil, nil
		case err == nil:
			found, err = current.Successor(name, now, lifetime)
		case mine != nil && !mine.Due(now):
			found, err = mine, nil
		case mine != nil:
			found, err = mine.Successor(name, now, lifetime)
		default:
			found, err = NewAuthority(name, now, lifetime)
		}
		if err != nil {
			return nil, err
		}
		return found.encode()
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// keyName is the key in a Secret that holds one, keyBytes its length: that of the hash it is used with.
const (
	keyName  = "key"
	keyBytes = 32
)

// EnsureKey returns a key for HMACs, which the first replica draws and all others read. The client must not be cached.
func EnsureKey(ctx context.Context, c client.Client, name client.ObjectKey) ([]byte, error) {
	var key []byte
	err := revise(ctx, c, name, func(data map[string][]byte) (map[string][]byte, error) {
		if key = data[keyName]; len(key) >= keyBytes {
			return nil, nil
		}
		key = make([]byte, keyBytes)
		if _, err := rand.Read(key); err != nil {
			return nil, fmt.Errorf("generating a key for Secret %s: %w", name, err)
		}
		return map[string][]byte{keyName: key}, nil
	})
	if err != nil {
		return nil, err
	}
	return key, nil
}
