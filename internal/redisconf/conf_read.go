// SPDX-License-Identifier: Apache-2.0

package redisconf

import "strings"

// Values reads the directives of a user's redis.conf that take one value: the last line of a name wins, as in Redis. It
// follows no include.
func Values(text string) map[string]string {
	values := map[string]string{}
	for line := range strings.Lines(text) {
		if words := confWords(line); len(words) > 1 {
			values[words[0]] = strings.Join(words[1:], " ")
		}
	}
	return values
}
