// SPDX-License-Identifier: Apache-2.0

package measure

import (
	"slices"
	"time"
)

// Lost are the acknowledged writes that a server does not have.
type Lost struct {
	Count int
	// Age is how long before the gap the oldest of them was acknowledged: a server that dies takes with it what its replicas
	// had not received, which is milliseconds.
	Age time.Duration
}

// Lost compares the acknowledged writes with the bits that the server has now, and tells their age at the gap.
func (l *Log) Lost(bits []byte, gap Gap) Lost {
	var lost Lost
	for number, acked := range l.Acked {
		if acked == 0 || hasBit(bits, number) {
			continue
		}
		lost.Count++
		lost.Age = max(lost.Age, gap.From.Sub(l.at(acked)))
	}
	return lost
}

// Kept is the log without the acknowledgements of writes that the server does not have. Its gaps are what was not written in truth:
// a client that goes on writing to a master that was replaced sees no gap at all.
func (l *Log) Kept(bits []byte) *Log {
	kept := *l
	kept.Acked = slices.Clone(l.Acked)
	for number := range kept.Acked {
		if !hasBit(bits, number) {
			kept.Acked[number] = 0
		}
	}
	return &kept
}

// hasBit reads a bit as SETBIT counts them: from the most significant one of the first byte.
func hasBit(bits []byte, number int) bool {
	return number/8 < len(bits) && bits[number/8]&(0x80>>(number%8)) != 0
}
