// SPDX-License-Identifier: Apache-2.0

package soak

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
)

// TestHandovers asks for one handover after the other. Nothing is lost, no application meets an error, be it behind Sentinel or behind the
// Service, and each change is told once.
func TestHandovers(t *testing.T) {
	s := start(t)
	gaps := map[string][]time.Duration{}
	for number := range *handovers {
		s.begin()
		before, _, err := s.world.WaitFormed(t.Context(), s.group, wholeWithin)
		must(t, err)
		after, told := s.handOver(t, before)
		v := s.judge(t, after, true)
		old, _ := before.Master()
		now, _ := after.Master()
		t.Logf("handover %d at %s: %s to %s, told as %d ms; %s", number+1, clock(s.current), old.Pod, now.Pod, told.Milliseconds(), v)
		gaps["told by the Event"] = append(gaps["told by the Event"], told)
		for name, gap := range v.gaps {
			gaps["through the "+name] = append(gaps["through the "+name], gap)
		}
		for name, met := range v.errors {
			if len(met) > 0 {
				t.Errorf("the application behind the %s met errors: %v", name, met)
			}
		}
		if t.Failed() {
			t.FailNow()
		}
	}
	for name, measured := range gaps {
		t.Logf("%d pauses %s: %s", len(measured), name, spread(measured))
	}
	s.toldOnce(t)
	s.finish(t)
}

// handOver asks for another master and waits until it leads a whole group. It returns the pause that its Event tells.
func (s *soak) handOver(t *testing.T, before world.View) (after world.View, told time.Duration) {
	t.Helper()
	old, _ := before.Master()
	must(t, s.ask(t.Context()))
	after, _, err := s.world.WaitView(t.Context(), s.group, wholeWithin, "another master than "+old.Pod, func(view world.View) string {
		if now, one := view.Master(); !one || now.Pod == old.Pod {
			return "it leads: " + view.String()
		}
		return view.Missing()
	})
	must(t, err)
	now, _ := after.Master()
	want := fmt.Sprintf("%s leads instead of %s (%s, epoch %d)", now.Pod, old.Pod, "HandoverRequested", after.Record.Epoch)
	_, err = world.Until(t.Context(), time.Minute, "an Event that tells of it, and the request to be taken off", func(ctx context.Context) string {
		changes, silent := s.world.Events(ctx, s.group.Namespace, "MasterChanged")
		if silent != nil {
			return silent.Error()
		}
		for _, change := range changes {
			if strings.HasPrefix(change.Message, want) {
				told = pauseIn(change.Message)
				return s.asked(ctx)
			}
		}
		return "none says " + want
	})
	must(t, err)
	return after, told
}

// ask asks for a handover.
func (s *soak) ask(ctx context.Context) error {
	_, err := s.world.Kubectl(ctx, "", "annotate", "--overwrite", "statefulset", s.group.StatefulSet, "-n", s.group.Namespace, contract.AnnotationHandover+"="+contract.HandoverAny)
	return err
}

// asked says that a request for a handover still stands, or nothing.
func (s *soak) asked(ctx context.Context) string {
	annotations, err := s.world.Kubectl(ctx, "", "get", "statefulset", s.group.StatefulSet, "-n", s.group.Namespace, "-o", "jsonpath={.metadata.annotations}")
	if err != nil || strings.Contains(annotations, `"`+contract.AnnotationHandover+`"`) {
		return fmt.Sprintf("a handover is asked for: %s, %v", annotations, err)
	}
	return ""
}

var atMost = regexp.MustCompile(`at most ([0-9]+) ms`)

// pauseIn is the time without a writable master that an Event tells; -1 ms where it does not.
func pauseIn(message string) time.Duration {
	if found := atMost.FindStringSubmatch(message); found != nil {
		if milliseconds, err := strconv.Atoi(found[1]); err == nil {
			return time.Duration(milliseconds) * time.Millisecond
		}
	}
	return -time.Millisecond
}

var inEpoch = regexp.MustCompile(`epoch [0-9]+`)

// toldOnce checks that there is one Event for each handover and one for the formation, and no two of one epoch.
func (s *soak) toldOnce(t *testing.T) {
	t.Helper()
	changes, err := s.world.Events(t.Context(), s.group.Namespace, "MasterChanged")
	must(t, err)
	told := map[string]int{}
	for _, change := range changes {
		told[inEpoch.FindString(change.Message)] += max(1, int(change.Count))
	}
	for epoch, times := range told {
		if times != 1 {
			t.Errorf("the change of %s is told %d times", epoch, times)
		}
	}
	if want := *handovers + 1; len(told) != want {
		t.Errorf("%d changes are told, want %d", len(told), want)
	}
}

// spread is the median, the 95th percentile and the greatest of some times.
func spread(times []time.Duration) string {
	times = slices.Sorted(slices.Values(times))
	at := func(percent int) int64 { return times[(len(times)-1)*percent/100].Milliseconds() }
	return fmt.Sprintf("p50 %d ms, p95 %d ms, max %d ms", at(50), at(95), at(100))
}
