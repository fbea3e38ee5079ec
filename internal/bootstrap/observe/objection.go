// SPDX-License-Identifier: Apache-2.0

package observe

import "github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/record"

// Objection is what is wrong with the record of the group; nil where nothing is, or where there is none.
func (o *Observer) Objection() error {
	if l := o.group.Lease(); l != nil {
		return record.Objection(l)
	}
	return nil
}
