// SPDX-License-Identifier: Apache-2.0

package record

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// Say writes which keys one pod or Sentinel uses, and drops what was said by those whom kept does not want, if the record still has
// a version. It returns ErrConflict if it has not. Nothing else of the record changes; a lost answer costs another write.
func (s *Store) Say(ctx context.Context, version, who string, use model.KeyUse, kept func(who string) bool) error {
	seen := s.known.Lease()
	if seen == nil || seen.ResourceVersion != version {
		return fmt.Errorf("%w (the view was made from an older version)", ErrConflict)
	}
	said, _ := Decode(seen) // what is unreadable is said again
	uses := map[string]model.KeyUse{}
	maps.Copy(uses, said.Uses)
	maps.DeleteFunc(uses, func(who string, _ model.KeyUse) bool { return !kept(who) })
	uses[who] = use
	text, err := json.Marshal(uses)
	if err != nil {
		return fmt.Errorf("encoding the uses of keys: %w", err)
	}
	lease := seen.DeepCopy()
	lease.ManagedFields = nil
	if lease.Annotations == nil {
		lease.Annotations = map[string]string{}
	}
	lease.Annotations[contract.RecordKeys] = string(text)
	ctx, cancel := context.WithTimeout(ctx, writeDeadline)
	defer cancel()
	written, err := s.leases.Update(ctx, lease, metav1.UpdateOptions{})
	switch {
	case err == nil:
		s.known.Learn(written)
		return nil
	case apierrors.IsConflict(err), apierrors.IsNotFound(err):
		return fmt.Errorf("%w (%s/%s)", ErrConflict, lease.Namespace, lease.Name)
	}
	return fmt.Errorf("writing Lease %s/%s: %w", lease.Namespace, lease.Name, err)
}
