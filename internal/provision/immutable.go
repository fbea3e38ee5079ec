// SPDX-License-Identifier: Apache-2.0

package provision

import (
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/mutate"
)

// ImmutableError is the error of a Secret that has to hold other keys than it does, and that somebody has made immutable.
type ImmutableError struct {
	Namespace, Name string
	// Remedy is what a person has to do.
	Remedy string
}

// Error names the object, the field and the remedy.
func (e *ImmutableError) Error() string {
	return fmt.Sprintf("Secret %s/%s has to hold other keys, and its field immutable is true: %s", e.Namespace, e.Name, e.Remedy)
}

// isImmutable tells the answer to a change of an immutable Secret from that to a patch whose test fails, which is invalid as well.
func isImmutable(err error) bool {
	return apierrors.IsInvalid(err) && apierrors.HasStatusCause(err, metav1.CauseTypeForbidden)
}

// tellImmutable writes an Event about an immutable Secret, because nothing goes on until a person has seen it. The error stays one:
// nobody is told when the Secret is gone, so that it has to be tried again.
func (p *Provisioner) tellImmutable(g mutate.Group, err error) error {
	if immutable := (*ImmutableError)(nil); errors.As(err, &immutable) {
		p.warnOf(g, immutable)
	}
	return err
}
