// SPDX-License-Identifier: Apache-2.0

package record

import (
	"fmt"
	"strings"

	coordinationv1 "k8s.io/api/coordination/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// Bounds of settings. Those of counts are policy's own.
const (
	longestSettings = 4 << 10
	mostCount       = 1000
	longestTimeMs   = 24 * 60 * 60 * 1000
	greatestPort    = 65535
)

// Settings reads what the webhook resolved for the group; false when it is missing or unreadable. What is out of bounds in it is left
// out, as if it had not been set, and a time that is too long is a day; Objection names both.
func Settings(lease *coordinationv1.Lease) (contract.GroupSettings, bool) {
	s, _, err := settings(lease)
	return s, err == nil
}

// Objection is what is wrong with a record, in one error that names every part that was left out; nil where nothing is.
func Objection(lease *coordinationv1.Lease) error {
	if _, err := Decode(lease); err != nil {
		return err
	}
	_, bad, err := settings(lease)
	switch {
	case err != nil:
		return fmt.Errorf("reading Lease %s/%s: %w", lease.Namespace, lease.Name, err)
	case len(bad) > 0:
		return fmt.Errorf("reading Lease %s/%s: left out of %s, because it is out of bounds: %s", lease.Namespace, lease.Name, contract.RecordSettings, strings.Join(bad, ", "))
	}
	return nil
}

// settings reads the settings, and names the fields that it left out.
func settings(lease *coordinationv1.Lease) (s contract.GroupSettings, bad []string, err error) {
	text := lease.Annotations[contract.RecordSettings]
	if len(text) > longestSettings {
		return s, nil, fmt.Errorf("annotation %s has %d bytes, at most %d are read", contract.RecordSettings, len(text), longestSettings)
	}
	if s, err = contract.DecodeGroupSettings(text); err != nil {
		return contract.GroupSettings{}, nil, err
	}
	count := func(n *int, field string) { keep(&bad, n, *n >= 0 && *n <= mostCount, field) }
	port := func(n *int, field string) { keep(&bad, n, *n >= 0 && *n <= greatestPort, field) }
	name := func(n *string, field string) { keep(&bad, n, *n == "" || isName(*n), field) }
	ms := func(n *int64, field string) {
		most := min(*n, longestTimeMs) // whoever wants to be patient does not get the least
		keep(&bad, n, *n >= 0 && *n <= longestTimeMs, field)
		*n = max(most, 0)
	}
	name(&s.Sentinels.Namespace, "sentinels.namespace")
	name(&s.Sentinels.Name, "sentinels.name")
	name(&s.Sentinels.Service, "sentinels.service")
	count(&s.Sentinels.Replicas, "sentinels.replicas")
	port(&s.Sentinels.Port, "sentinels.port")
	count(&s.Quorum, "quorum")
	ms(&s.DownAfterMs, "downAfterMs")
	ms(&s.FailoverTimeoutMs, "failoverTimeoutMs")
	count(&s.ParallelSyncs, "parallelSyncs")
	keep(&bad, &s.MasterName, isWord(s.MasterName, longestName), "masterName")
	port(&s.Port, "port")
	name(&s.MasterService, "masterService")
	return s, bad, nil
}

// keep leaves a field out that is not within its bounds.
func keep[T any](bad *[]string, field *T, within bool, name string) {
	if !within {
		var none T
		*field, *bad = none, append(*bad, name)
	}
}
