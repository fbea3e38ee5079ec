// SPDX-License-Identifier: Apache-2.0

package app

import (
	"maps"
	"slices"
	"testing"
)

func TestANoticeStandsForAllThatFollowIt(t *testing.T) {
	taken, give := notices[struct{}]()
	give()
	give()
	<-taken
	select {
	case <-taken:
		t.Error("two notices, and nobody took the first in between")
	default:
	}
	give()
	<-taken
}

func TestAStoppingReplicaIsNotReady(t *testing.T) {
	var d drain
	if err := d.Ready(nil); err != nil {
		t.Error(err)
	}
	d.begin()
	if d.Ready(nil) == nil {
		t.Error("ready while it stops")
	}
}

// TestTheWebhooksOwnNamespaceIsAlwaysExcluded, whatever else is.
func TestTheWebhooksOwnNamespaceIsAlwaysExcluded(t *testing.T) {
	o, err := parseServe(process("--namespace=own", "--policy=x", "--excluded-namespaces=kube-system,a"))
	if err != nil {
		t.Fatal(err)
	}
	if got := slices.Sorted(maps.Keys(o.excluded())); !slices.Equal(got, []string{"a", "kube-system", "own"}) {
		t.Errorf("excluded %v", got)
	}
	if o, err = parseServe(process("--namespace=own", "--policy=x")); err != nil || !maps.Equal(o.excluded(), map[string]bool{"own": true}) {
		t.Errorf("excluded %v (%v)", o.excluded(), err)
	}
}
