// SPDX-License-Identifier: Apache-2.0

package status

import (
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestPokesAreFolded: each wake-up has the agent ask every server of its group, and anybody may poke.
func TestPokesAreFolded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var all atomic.Int64
		p := newPokes(func() { all.Add(1) })
		const seconds = 10
		for began := time.Now(); time.Since(began) < seconds*time.Second; time.Sleep(time.Millisecond) {
			for host := range 50 {
				p.take(fmt.Sprintf("10.0.0.%d", host))
			}
		}
		synctest.Wait()
		woken := int(all.Load())
		if most := (mostPokers + 1) * (seconds + 1); woken > most {
			t.Errorf("half a million pokes woke the agent %d times in %d seconds, at most %d are allowed", woken, seconds, most)
		}
		time.Sleep(2 * pokeEvery)
	})
}

// TestNoPokeIsLost: after each there is a wake-up, and that of a source which has not poked for a second comes at once, as that of a
// holder who has written an offer.
func TestNoPokeIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var all atomic.Int64
		woken := func() int { return int(all.Load()) }
		p := newPokes(func() { all.Add(1) })
		for n := range mostPokers - 1 {
			p.take(fmt.Sprintf("attacker-%d", n))
		}
		p.take("attacker-0")
		before := woken()
		p.take("holder")
		if woken() != before+1 {
			t.Fatal("the holder's notice waits for the pokes of others")
		}
		p.take("holder")
		before = woken()
		time.Sleep(pokeEvery + time.Millisecond)
		synctest.Wait()
		if woken() != before+1 {
			t.Errorf("%d wake-ups followed the last poke, want 1", woken()-before)
		}
	})
}
