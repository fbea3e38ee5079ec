// SPDX-License-Identifier: Apache-2.0

package record

import (
	"encoding/json"
	"fmt"
	"net"
	"strconv"
	"strings"

	coordinationv1 "k8s.io/api/coordination/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// Decode reads a Lease. It is a tenant's input: what cannot be read is left out, and named in the error; the rest counts.
func Decode(lease *coordinationv1.Lease) (model.Record, error) {
	a := lease.Annotations
	r := model.Record{Known: true, Version: lease.ResourceVersion, UID: string(lease.UID), PodUID: a[contract.RecordPodUID]}
	if lease.Spec.HolderIdentity != nil {
		r.Holder = *lease.Spec.HolderIdentity
	}
	var bad []string
	if text := a[contract.RecordEpoch]; text != "" {
		epoch, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			bad = append(bad, contract.RecordEpoch)
		}
		r.Epoch = epoch
	}
	if text := a[contract.RecordAddress]; text != "" {
		address, err := parseAddress(text)
		if err != nil {
			bad = append(bad, contract.RecordAddress)
		}
		r.Address = address
	}
	if text := a[contract.RecordLineage]; text != "" {
		r.Lineage = strings.Split(text, ",")
	}
	decode := func(name string, into any) {
		if text := a[name]; text != "" && json.Unmarshal([]byte(text), into) != nil {
			bad = append(bad, name)
		}
	}
	decode(contract.RecordMembers, &r.Members)
	decode(contract.RecordOffer, &r.Offer)
	decode(contract.RecordKeys, &r.Uses)
	if len(bad) > 0 {
		return r, fmt.Errorf("reading Lease %s/%s: unreadable annotations %s", lease.Namespace, lease.Name, strings.Join(bad, ", "))
	}
	return r, nil
}

// Settings reads what the webhook resolved for the group; false when it is missing or unreadable.
func Settings(lease *coordinationv1.Lease) (contract.GroupSettings, bool) {
	s, err := contract.DecodeGroupSettings(lease.Annotations[contract.RecordSettings])
	return s, err == nil
}

// encode writes a record into a Lease; settings and other annotations stay as they are.
func encode(lease *coordinationv1.Lease, r model.Record, reason string) error {
	members, err := json.Marshal(r.Members)
	if err != nil {
		return fmt.Errorf("encoding members: %w", err)
	}
	if lease.Annotations == nil {
		lease.Annotations = map[string]string{}
	}
	a := lease.Annotations
	a[contract.RecordEpoch] = strconv.FormatUint(r.Epoch, 10)
	a[contract.RecordAddress] = r.Address.String()
	a[contract.RecordPodUID] = r.PodUID
	a[contract.RecordLineage] = strings.Join(r.Lineage, ",")
	a[contract.RecordMembers] = string(members)
	a[contract.RecordReason] = reason
	delete(a, contract.RecordOffer)
	if r.Offer != nil {
		offer, err := json.Marshal(r.Offer)
		if err != nil {
			return fmt.Errorf("encoding offer: %w", err)
		}
		a[contract.RecordOffer] = string(offer)
	}
	lease.Spec.HolderIdentity = &r.Holder
	return nil
}

func parseAddress(text string) (model.Address, error) {
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return model.Address{}, fmt.Errorf("address %q: %w", text, err)
	}
	n, err := strconv.Atoi(port)
	if err != nil || net.ParseIP(host) == nil {
		return model.Address{}, fmt.Errorf("address %q is not ip:port", text)
	}
	return model.Address{Host: host, Port: n}, nil
}
