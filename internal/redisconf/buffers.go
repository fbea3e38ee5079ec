// SPDX-License-Identifier: Apache-2.0

package redisconf

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// leastBuffer is what a server keeps for a replica by default before it cuts it off, in bytes.
const leastBuffer = 256 << 20

// Doubts are options that work, and that somebody should think about once more, in sentences.
func (inv Invocation) Doubts() []string {
	var all []string
	for _, o := range inv.Options {
		if limit := tightBuffer(o.Values); o.Name == bufferLimit && limit != "" {
			all = append(all, fmt.Sprintf("option --%s replica %s: %s", o.Name, limit, remedyBuffer))
		}
	}
	return all
}

const (
	bufferLimit  = "client-output-buffer-limit"
	remedyBuffer = "a replica that is behind by more is cut off and begins a full sync anew, and where writes are faster than that it never ends: leave it at 256mb or more, or at 0"
)

// tightBuffer is the hard limit for replicas among the values of client-output-buffer-limit, where it is tighter than the default; empty where
// it is not. Values are classes, each with a hard and a soft limit and seconds.
func tightBuffer(values []string) string {
	words := strings.Fields(strings.Join(values, " "))
	for i := 0; i+1 < len(words); i += 4 {
		if !slices.Contains([]string{"replica", "slave"}, strings.ToLower(words[i])) {
			continue
		}
		if n, ok := bytesOf(words[i+1]); ok && n > 0 && n < leastBuffer {
			return words[i+1]
		}
	}
	return ""
}

// units are what Redis multiplies an amount of memory by.
var units = map[string]int64{"": 1, "b": 1, "k": 1000, "kb": 1 << 10, "m": 1000 * 1000, "mb": 1 << 20, "g": 1000 * 1000 * 1000, "gb": 1 << 30}

func bytesOf(text string) (int64, bool) {
	digits := strings.TrimRight(strings.ToLower(text), "bgkm")
	n, err := strconv.ParseInt(digits, 10, 40)
	unit, known := units[strings.ToLower(text)[len(digits):]]
	return n * unit, err == nil && known
}
