// SPDX-License-Identifier: Apache-2.0

package serving

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
	"testing"
	"time"
)

// TestCollectorFollowsTheStorm: the heap may grow while collections are close together; not when they are far apart, and not when they
// have ceased, which the last of them cannot tell.
func TestCollectorFollowsTheStorm(t *testing.T) {
	before := debug.SetGCPercent(100)
	defer debug.SetGCPercent(before)
	percent := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	var apart, clock atomic.Int64
	PaceCollector(func() time.Time { return time.Unix(0, clock.Add(apart.Load())) })
	for _, c := range []struct {
		what  string
		apart time.Duration
		want  int
		until func()
	}{
		{"far apart", time.Minute, thrifty, runtime.GC},
		{"close together", 10 * time.Millisecond, hurried, runtime.GC},
		{"far apart again", 2 * time.Minute, thrifty, runtime.GC},
		{"close together again", 10 * time.Millisecond, hurried, runtime.GC},
		{"ceased", 10 * time.Millisecond, thrifty, func() {}},
	} {
		apart.Store(int64(c.apart))
		for deadline := time.Now().Add(30 * time.Second); ; {
			c.until()
			metrics.Read(percent)
			if percent[0].Value.Uint64() == uint64(c.want) {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("collections %s: GC percent %d, want %d", c.what, percent[0].Value.Uint64(), c.want)
			}
			time.Sleep(time.Millisecond)
		}
	}
}
