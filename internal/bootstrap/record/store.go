// SPDX-License-Identifier: Apache-2.0

package record

import (
	"context"
	"errors"
	"fmt"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	coordinationclient "k8s.io/client-go/kubernetes/typed/coordination/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide"
)

// ErrConflict means that somebody else has written the record meanwhile: observe again.
var ErrConflict = errors.New("the record was written by somebody else meanwhile")

// writeDeadline bounds a write, and the read that finds out what became of it.
const writeDeadline = 2 * time.Second

// Swap replaces the record that the caller saw, `seen`, by `next`. ErrConflict: it was not the record any more. An answer
// that did not come is read back: nil means that the write stands, any other error that nobody knows.
func Swap(ctx context.Context, leases coordinationclient.LeaseInterface, seen *coordinationv1.Lease, next decide.Record, reason string) (*coordinationv1.Lease, error) {
	lease := seen.DeepCopy()
	lease.ManagedFields = nil
	if err := encode(lease, next, reason); err != nil {
		return nil, err
	}
	writing, cancel := context.WithTimeout(ctx, writeDeadline)
	defer cancel()
	written, err := leases.Update(writing, lease, metav1.UpdateOptions{})
	switch {
	case err == nil:
		return written, nil
	case apierrors.IsConflict(err), apierrors.IsNotFound(err):
		return nil, fmt.Errorf("%w (%s/%s)", ErrConflict, lease.Namespace, lease.Name)
	case apierrors.IsForbidden(err), apierrors.IsUnauthorized(err), apierrors.IsInvalid(err):
		return nil, fmt.Errorf("writing lease %s/%s: %w", lease.Namespace, lease.Name, err)
	}
	return readBack(ctx, leases, lease, next, err)
}

// readBack finds out whether a write whose answer was lost stands.
func readBack(ctx context.Context, leases coordinationclient.LeaseInterface, lease *coordinationv1.Lease, next decide.Record, cause error) (*coordinationv1.Lease, error) {
	reading, cancel := context.WithTimeout(ctx, writeDeadline)
	defer cancel()
	now, err := leases.Get(reading, lease.Name, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("writing lease %s/%s: %w; reading it back: %w", lease.Namespace, lease.Name, cause, err)
	}
	stands, _ := Decode(now) // what is unreadable is not what we wrote
	if stands.Epoch == next.Epoch && stands.PodUID == next.PodUID && stands.Address == next.Address && sameOffer(stands.Offer, next.Offer) {
		return now, nil
	}
	if now.ResourceVersion != lease.ResourceVersion {
		return nil, fmt.Errorf("%w (%s/%s)", ErrConflict, lease.Namespace, lease.Name)
	}
	return nil, fmt.Errorf("writing lease %s/%s: %w", lease.Namespace, lease.Name, cause)
}

func sameOffer(a, b *decide.Offer) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}
