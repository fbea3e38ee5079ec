// SPDX-License-Identifier: Apache-2.0

package app

import "testing"

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
