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

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// ErrConflict means that the record was written by another agent meanwhile: observe again.
var ErrConflict = errors.New("the record was changed by another agent meanwhile")

// writeDeadline bounds a write, and the read that finds out what became of it.
const writeDeadline = 2 * time.Second

// readDeadline bounds a read that something waits for.
const readDeadline = 500 * time.Millisecond

// Leases is what a record needs of the API.
type Leases interface {
	Get(ctx context.Context, name string, options metav1.GetOptions) (*coordinationv1.Lease, error)
	Update(ctx context.Context, lease *coordinationv1.Lease, options metav1.UpdateOptions) (*coordinationv1.Lease, error)
}

// Copy is the newest record that an agent knows.
type Copy interface {
	// Lease is nil while there is none.
	Lease() *coordinationv1.Lease
	// Learn takes over one that was written or read live.
	Learn(lease *coordinationv1.Lease)
}

// Store is the record of one group as one agent knows and writes it.
type Store struct {
	leases Leases
	known  Copy
	// now is the clock.
	now func() time.Time
}

// NewStore writes to the API what it has compared with an agent's copy.
func NewStore(leases Leases, known Copy, now func() time.Time) *Store {
	return &Store{leases: leases, known: known, now: now}
}

// Newest is the newest record that is known; the zero value where there is none, or where it cannot be read.
func (s *Store) Newest() model.Record {
	lease := s.known.Lease()
	if lease == nil {
		return model.Record{}
	}
	r, err := Decode(lease)
	if err != nil {
		return model.Record{}
	}
	return r
}

// Still returns nil where a live read shows that the record has this epoch, ErrConflict where it has another, and any other error where nobody
// knows.
func (s *Store) Still(ctx context.Context, epoch uint64) error {
	seen := s.known.Lease()
	if seen == nil {
		return fmt.Errorf("%w (there is none)", ErrConflict)
	}
	return Still(ctx, s.leases, seen.Name, epoch)
}

// Still is the same for a record by its name.
func Still(ctx context.Context, leases Leases, name string, epoch uint64) error {
	ctx, cancel := context.WithTimeout(ctx, readDeadline)
	defer cancel()
	lease, err := leases.Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("reading Lease %s: %w", name, err)
	}
	if now, err := Decode(lease); err != nil || now.Epoch != epoch {
		return fmt.Errorf("%w (%s/%s)", ErrConflict, lease.Namespace, lease.Name)
	}
	return nil
}

// Swap replaces the record of the version in next by next. It returns ErrConflict where the newest known record is another
// version, and otherwise what the function Swap returns.
func (s *Store) Swap(ctx context.Context, next model.Record, why model.Reason) error {
	seen := s.known.Lease()
	if seen == nil || seen.ResourceVersion != next.Version {
		return fmt.Errorf("%w (the view was made from an older version)", ErrConflict)
	}
	written, err := Swap(ctx, s.leases, seen, next, why, s.now())
	if err != nil {
		return err
	}
	s.known.Learn(written)
	return nil
}

// Swap replaces the record that the caller saw, `seen`, by `next`. It returns ErrConflict if it was no longer the record. If
// the answer is lost the record is read back: nil means that the write stands, any other error that its outcome is unknown.
func Swap(ctx context.Context, leases Leases, seen *coordinationv1.Lease, next model.Record, why model.Reason, now time.Time) (*coordinationv1.Lease, error) {
	if TooLarge(seen) {
		return nil, fmt.Errorf("writing Lease %s/%s: it has more than %d bytes and was not read: take out of it what is no agent's", seen.Namespace, seen.Name, MostBytes)
	}
	lease := seen.DeepCopy()
	lease.ManagedFields = nil
	if err := encode(lease, next, string(why), now); err != nil {
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
		return nil, fmt.Errorf("writing Lease %s/%s: %w", lease.Namespace, lease.Name, err)
	}
	return readBack(ctx, leases, lease, next, err)
}

// readBack finds out whether a write whose answer was lost stands.
func readBack(ctx context.Context, leases Leases, lease *coordinationv1.Lease, next model.Record, cause error) (*coordinationv1.Lease, error) {
	reading, cancel := context.WithTimeout(ctx, writeDeadline)
	defer cancel()
	now, err := leases.Get(reading, lease.Name, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("writing Lease %s/%s: %w; reading it back: %w", lease.Namespace, lease.Name, cause, err)
	}
	stands, _ := Decode(now) // what is unreadable is not what was written
	if stands.Epoch == next.Epoch && stands.PodUID == next.PodUID && stands.Address == next.Address && sameOffer(stands.Offer, next.Offer) {
		return now, nil
	}
	if now.ResourceVersion != lease.ResourceVersion {
		return nil, fmt.Errorf("%w (%s/%s)", ErrConflict, lease.Namespace, lease.Name)
	}
	return nil, fmt.Errorf("writing Lease %s/%s: %w", lease.Namespace, lease.Name, cause)
}

func sameOffer(a, b *model.Offer) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}
