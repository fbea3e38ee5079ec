// SPDX-License-Identifier: Apache-2.0

package provision

import (
	"fmt"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// ForeignError is the error of a name that a group needs, and that an object which is not ours has taken.
type ForeignError struct {
	Kind, Namespace, Name string
	// Rename is the annotation that chooses another name; empty where the name is fixed.
	Rename string
}

// Error names the object and the remedy.
func (e *ForeignError) Error() string {
	remedy := "delete it, or give the StatefulSet another name"
	if e.Rename != "" {
		remedy = fmt.Sprintf("delete it, or choose another name with annotation %s on the StatefulSet", e.Rename)
	}
	return fmt.Sprintf("%s %s/%s already exists and does not belong to this group (its labels %s and %s do not match): %s",
		e.Kind, e.Namespace, e.Name, contract.LabelManaged, contract.LabelGroup, remedy)
}
