// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"
)

// TestFirstDeploys deploys into fresh namespaces while a core is busy. The pod's account and everything else that a group needs
// must exist when the first pod asks for it: a single FailedCreate event shows that something lost that race.
func TestFirstDeploys(t *testing.T) {
	const deploys = 20
	w := connect(t)
	stopBusy := busy()
	defer stopBusy()
	var times []time.Duration
	for i := range deploys {
		t.Run(fmt.Sprintf("%02d", i+1), func(t *testing.T) {
			in := namespace(t, w, nil)
			group := apply(t, w, in, plain("redis", labelled))
			_, took := formed(t, w, group)
			times = append(times, took)
			failed, err := w.Events(t.Context(), in, "FailedCreate")
			must(t, err)
			for _, event := range failed {
				t.Errorf("FailedCreate: %s", event.Message)
			}
		})
	}
	slices.Sort(times)
	if len(times) > 0 {
		t.Logf("%d of %d formed while a core was busy: fastest %.1f s, median %.1f s, slowest %.1f s",
			len(times), deploys, times[0].Seconds(), times[len(times)/2].Seconds(), times[len(times)-1].Seconds())
	}
}

// busy keeps one core busy until the returned function is called.
func busy() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var working sync.WaitGroup
	working.Go(func() {
		for n := 0; ctx.Err() == nil; n++ {
			_ = n * n
		}
	})
	return func() {
		cancel()
		working.Wait()
	}
}
