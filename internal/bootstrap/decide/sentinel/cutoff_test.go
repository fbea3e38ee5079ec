// SPDX-License-Identifier: Apache-2.0

package sentinel

import (
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// TestCutOff says who sends clients to another Sentinel, and who must not: where all of a set would, clients had nobody.
func TestCutOff(t *testing.T) {
	alone, confirmed := Sight{Monitors: true, Down: true, Alone: true}, Sight{Monitors: true, Down: true}
	reaches := Sight{Monitors: true, Alone: true}
	for name, c := range map[string]struct {
		groups []Sight
		lasts  time.Duration
		want   bool
	}{
		"sees nobody": {[]Sight{alone, alone}, 0, true},
		"sees nobody, and one group is not watched":       {[]Sight{alone, {Alone: true}}, time.Minute, true},
		"sees nobody but one master":                      {[]Sight{alone, reaches}, 0, false},
		"all Sentinels are apart, and the masters are up": {[]Sight{reaches, reaches}, 0, false},
		"the masters are down, and most Sentinels see it": {[]Sight{confirmed, confirmed}, 0, false},
		"watches nothing":                                 {nil, 0, false},
		"watches nothing yet":                             {[]Sight{{Alone: true}}, 0, false},
		"has been alone for so long that others are gone": {[]Sight{alone}, cutOffFor, false},
	} {
		if got, _ := CutOff(c.groups, clock.Add(-c.lasts), clock); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// TestCutOffBeginsAgain: what was over counts anew, and what goes on does not.
func TestCutOffBeginsAgain(t *testing.T) {
	alone, reaches := []Sight{{Monitors: true, Down: true, Alone: true}}, []Sight{{Monitors: true, Alone: true}}
	var since time.Time
	for i, step := range []struct {
		groups []Sight
		after  time.Duration
		want   bool
	}{
		{alone, 0, true},
		{alone, cutOffFor - time.Second, true},
		{alone, cutOffFor, false},
		{alone, 2 * cutOffFor, false},
		{reaches, 2*cutOffFor + time.Second, false},
		{alone, 2*cutOffFor + 2*time.Second, true},
	} {
		var got bool
		if got, since = CutOff(step.groups, since, clock.Add(step.after)); got != step.want {
			t.Errorf("step %d: %t", i, got)
		}
	}
}

// TestSightOf counts majorities of the set, and not of whom a Sentinel happens to list.
func TestSightOf(t *testing.T) {
	peers := func(n int) []model.Peer { return make([]model.Peer, n) }
	for name, c := range map[string]struct {
		lists, known, sees int
		alone              bool
	}{
		"a set of one":                         {0, 0, 0, false},
		"both others are seen":                 {2, 2, 2, false},
		"one of two others is seen":            {2, 2, 1, false},
		"none of two others is seen":           {2, 2, 0, true},
		"the other of a set of two":            {1, 1, 0, true},
		"forgot the others, whom the set has":  {0, 2, 0, true},
		"two of five":                          {4, 4, 1, true},
		"three of five":                        {4, 4, 2, false},
		"nobody knows the set, but lists four": {4, 0, 1, true},
	} {
		v := model.SentinelView{Peers: peers(c.known)}
		v.Own.Monitors, v.Own.Peers, v.Own.PeersSeen = true, peers(c.lists), c.sees
		if got := SightOf(v); got.Alone != c.alone || !got.Monitors || got.Down {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
