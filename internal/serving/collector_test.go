// SPDX-License-Identifier: Apache-2.0

package serving

import (
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"testing"
	"time"
)

// TestCollectorFollowsTheStorm: the heap may grow while collections are close together, and may not when they are far apart.
func TestCollectorFollowsTheStorm(t *testing.T) {
	before := debug.SetGCPercent(100)
	defer debug.SetGCPercent(before)
	var apart atomic.Int64
	clock := atomic.Int64{}
	PaceCollector(func() time.Time { return time.Unix(0, clock.Add(apart.Load())) })
	for _, c := range []struct {
		apart time.Duration
		want  int
	}{{time.Minute, thrifty}, {10 * time.Millisecond, hurried}, {2 * time.Minute, thrifty}} {
		apart.Store(int64(c.apart))
		for deadline := time.Now().Add(30 * time.Second); ; {
			runtime.GC()
			percent := debug.SetGCPercent(100) // there is no other way to ask
			debug.SetGCPercent(percent)
			if percent == c.want {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("collections %s apart: GC percent %d, want %d", c.apart, percent, c.want)
			}
			time.Sleep(time.Millisecond)
		}
	}
}
