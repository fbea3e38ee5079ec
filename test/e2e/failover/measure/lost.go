// SPDX-License-Identifier: Apache-2.0

package measure

import "time"

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

// hasBit reads a bit as SETBIT counts them: from the most significant one of the first byte.
func hasBit(bits []byte, number int) bool {
	return number/8 < len(bits) && bits[number/8]&(0x80>>(number%8)) != 0
}
