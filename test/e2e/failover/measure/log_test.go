// SPDX-License-Identifier: Apache-2.0

package measure

import (
	"testing"
	"time"
)

var began = time.Unix(1000, 0)

// acked is a log whose writes 0, 1, 2 … were acknowledged so many milliseconds after it began; negative: never.
func acked(ended int, milliseconds ...int) *Log {
	log := &Log{Began: began, Ended: after(ended)}
	for number, at := range milliseconds {
		if at >= 0 {
			log.Ack(number, after(at))
		}
	}
	return log
}

func after(milliseconds int) time.Time {
	return began.Add(time.Duration(milliseconds) * time.Millisecond)
}

func TestLongestGap(t *testing.T) {
	for name, test := range map[string]struct {
		log        *Log
		since      int
		from, want int
	}{
		"between two acknowledgements":              {acked(600, 0, 100, 400, 500), 50, 100, 300},
		"one that was over before the fault":        {acked(1200, 0, 900, 1000, 1100), 950, 900, 100},
		"one that began before the fault":           {acked(1000, 0, 100, 900), 500, 100, 800},
		"before the end, when nothing came again":   {acked(5000, 0, 100), 50, 100, 4900},
		"answers that came in another order":        {acked(500, 0, 400, 100), 0, 100, 300},
		"writes without an answer":                  {acked(500, 0, -1, 300, -1), 10, 0, 300},
		"nothing was ever acknowledged":             {acked(700), 0, 0, 700},
		"acknowledgements as steady as one can ask": {acked(40, 0, 10, 20, 30), 0, 0, 10},
	} {
		t.Run(name, func(t *testing.T) {
			gap := test.log.LongestGap(after(test.since))
			if want := time.Duration(test.want) * time.Millisecond; gap.Time != want || !gap.From.Equal(after(test.from)) {
				t.Errorf("got %s from %s, want %s from %s", gap.Time, gap.From.Sub(began), want, time.Duration(test.from)*time.Millisecond)
			}
		})
	}
}

func TestAfter(t *testing.T) {
	log := acked(9000, 0, 1000, 5000, 4000)
	if count, last := log.After(after(3000)); count != 2 || last != 2*time.Second {
		t.Errorf("got %d, the last after %s", count, last)
	}
	if count, last := log.After(after(6000)); count != 0 || last != -time.Second {
		t.Errorf("got %d, the last after %s", count, last)
	}
}

// TestGapOfWhatWasKept: writes that a replaced master still acknowledges fill no gap.
func TestGapOfWhatWasKept(t *testing.T) {
	log := acked(600, 0, 100, 200, 300, 400, 500)
	gap := log.Kept([]byte{0b1100_1100}).LongestGap(after(50))
	if gap.Time != 300*time.Millisecond || !gap.From.Equal(after(100)) {
		t.Errorf("got %s from %s, want 300 ms from 100 ms", gap.Time, gap.From.Sub(began))
	}
	if log.Acks() != 6 {
		t.Errorf("the log itself has %d acknowledgements left", log.Acks())
	}
}

func TestLost(t *testing.T) {
	log := acked(900, 0, 10, -1, 30, 40, 50, 60, 70, 80)
	gap := Gap{From: after(80)}
	for name, test := range map[string]struct {
		bits []byte
		want Lost
	}{
		"everything is there":                        {[]byte{0b1101_1111, 0b1000_0000}, Lost{}},
		"what was not acknowledged may be there too": {[]byte{0b1111_1111, 0b1000_0000}, Lost{}},
		"the last one":                               {[]byte{0b1101_1111}, Lost{Count: 1}},
		"two, of which the first is the older one":   {[]byte{0b1100_1111, 0}, Lost{Count: 2, Age: 50 * time.Millisecond}},
		"the key is gone":                            {nil, Lost{Count: 8, Age: 80 * time.Millisecond}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := log.Lost(test.bits, gap); got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}
