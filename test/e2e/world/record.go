// SPDX-License-Identifier: Apache-2.0

package world

import (
	"context"
	"fmt"
	"strconv"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// Record is what the group's Lease says; all empty when there is none.
type Record struct {
	Holder  string
	PodUID  string
	Address string
	Epoch   int64
	Reason  string
}

// readRecord reads the group's Lease; a Lease that is not there is an empty record.
func (w *World) readRecord(ctx context.Context, group Group) (Record, error) {
	name := contract.ObjectName(group.StatefulSet)
	lease, err := w.Client.CoordinationV1().Leases(group.Namespace).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return Record{}, nil
	}
	if err != nil {
		return Record{}, fmt.Errorf("reading Lease %s/%s: %w", group.Namespace, name, err)
	}
	record := Record{
		PodUID:  lease.Annotations[contract.RecordPodUID],
		Address: lease.Annotations[contract.RecordAddress],
		Reason:  lease.Annotations[contract.RecordReason],
	}
	if lease.Spec.HolderIdentity != nil {
		record.Holder = *lease.Spec.HolderIdentity
	}
	record.Epoch, _ = strconv.ParseInt(lease.Annotations[contract.RecordEpoch], 10, 64)
	return record, nil
}
