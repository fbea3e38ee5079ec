// SPDX-License-Identifier: Apache-2.0

package simtest

import (
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide/handover"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// visit asks for a handover while a client writes through the Service of the master, and returns how many of its writes were refused in
// all stories, and in how many it was left behind.
func visit(t *testing.T, setup Setup, deciders Deciders) (refused, left int) {
	t.Helper()
	tales(t, 50, setup, deciders, func(s *tale) {
		s.addVisitor()
		s.in(5*time.Second, func() { s.request(9, 0) })
	}, 30*time.Second, func(s *tale, r Result) {
		v := s.visitors[0]
		lost := 0
		for _, n := range v.acked {
			if !holds(s.leader().server.data, n) {
				lost++
			}
		}
		if r.Violation != nil || lost > 0 || len(v.acked) < 100 {
			t.Errorf("%d of %d writes through the Service lost; %v", lost, len(v.acked), r.Violation)
		}
		if refused += v.refused; v.at != nil && v.at != s.leader().server {
			left++
		}
	})
	return refused, left
}

// TestHandoverThroughTheService: the Service of the master moves later than Sentinels, by more than a second where proxies are busy. No
// client that comes through it is refused, where another replica has what is written meanwhile, and none stays with the former master.
func TestHandoverThroughTheService(t *testing.T) {
	if refused, left := visit(t, three(AOF), Real); refused > 0 || left > 0 {
		t.Errorf("of three: %d writes refused, %d clients left behind", refused, left)
	}
	if _, left := visit(t, two(AOF), Real); left > 0 {
		t.Errorf("of two: %d clients left behind", left)
	}
	hasty := realExcept(func(d *Deciders) {
		d.Handover = func(s handover.State, v handover.View) (handover.Step, handover.State) {
			v.Service = model.Address{}
			return s.Next(v)
		}
	})
	if refused, left := visit(t, three(AOF), hasty); refused == 0 || left == 0 {
		t.Errorf("a handover that knows of no Service: %d writes refused, %d clients left behind: this test sees nothing", refused, left)
	}
}
