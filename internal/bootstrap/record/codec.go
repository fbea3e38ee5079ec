// SPDX-License-Identifier: Apache-2.0

package record

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// Decode reads a Lease. It is a tenant's input: what is unreadable, out of bounds or beyond belief in form is left out, and named
// in the error; the rest counts. Whom it names as master is read whole or not at all.
func Decode(lease *coordinationv1.Lease) (model.Record, error) {
	if TooLarge(lease) {
		return model.Record{}, fmt.Errorf("reading Lease %s/%s: it has more than %d bytes, and is not read", lease.Namespace, lease.Name, MostBytes)
	}
	r := model.Record{Known: true, Version: lease.ResourceVersion, UID: string(lease.UID)}
	in := reader{annotations: lease.Annotations}
	in.holder(lease, &r)
	r.Lineage = in.lineage()
	r.Members = in.members()
	if r.Offer = in.offer(contract.RecordOffer, false); r.Offer == nil {
		r.Offer = in.offer(contract.RecordSealedOffer, true)
	}
	r.Uses = in.uses()
	r.Change = in.change(lease, r.PodUID)
	if len(in.bad) > 0 {
		return r, fmt.Errorf("reading Lease %s/%s: left out, because it is unreadable or out of bounds: %s", lease.Namespace, lease.Name, strings.Join(in.bad, ", "))
	}
	return r, nil
}

// encode writes a record into a Lease; settings and other annotations stay as they are. When another pod begins to lead, the Lease says
// since when, and how often that has happened, as Leases do.
func encode(lease *coordinationv1.Lease, r model.Record, reason string, now time.Time) error {
	if len(r.Members) > mostMembers {
		return fmt.Errorf("encoding members: %d of them, at most %d are read: a group may have that many pods", len(r.Members), mostMembers)
	}
	members, err := json.Marshal(r.Members)
	if err != nil {
		return fmt.Errorf("encoding members: %w", err)
	}
	if lease.Annotations == nil {
		lease.Annotations = map[string]string{}
	}
	a := lease.Annotations
	if before := a[contract.RecordPodUID]; before != r.PodUID && r.PodUID != "" {
		change, err := json.Marshal(changeOf(lease, r, reason))
		if err != nil {
			return fmt.Errorf("encoding the change of master: %w", err)
		}
		a[contract.RecordChange] = string(change)
		lease.Spec.AcquireTime = &metav1.MicroTime{Time: now}
		if before != "" {
			lease.Spec.LeaseTransitions = new(ptr.Deref(lease.Spec.LeaseTransitions, 0) + 1)
		}
	}
	a[contract.RecordEpoch] = strconv.FormatUint(r.Epoch, 10)
	a[contract.RecordAddress] = r.Address.String()
	a[contract.RecordPodUID] = r.PodUID
	a[contract.RecordLineage] = strings.Join(r.Lineage, ",")
	a[contract.RecordMembers] = string(members)
	a[contract.RecordReason] = reason
	delete(a, contract.RecordOffer)
	delete(a, contract.RecordSealedOffer)
	if r.Offer != nil {
		offer, err := json.Marshal(r.Offer)
		if err != nil {
			return fmt.Errorf("encoding offer: %w", err)
		}
		name := contract.RecordOffer
		if r.Offer.Seal != "" {
			name = contract.RecordSealedOffer
		}
		a[name] = string(offer)
	}
	lease.Spec.HolderIdentity = &r.Holder
	return nil
}

// changeOf is how the holder of a record comes to lead that replaces the one in a Lease.
func changeOf(lease *coordinationv1.Lease, r model.Record, reason string) model.Change {
	change := model.Change{To: r.PodUID, Cause: model.Reason(reason), Epoch: r.Epoch}
	before, _ := Decode(lease) // what is unreadable in it led nobody
	if before.HasHolder() {
		change.From = before.Holder
	}
	if before.Offer != nil && change.Cause == model.TransferAccepted {
		change.Cause = model.Reason(before.Offer.Reason)
	}
	return change
}
