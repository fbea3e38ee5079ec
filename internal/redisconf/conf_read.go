// SPDX-License-Identifier: Apache-2.0

package redisconf

import "strings"

// Values reads the directives of a user's redis.conf that take one value: the last line of a name wins, as in Redis. It
// follows no include and unquotes nothing but plain quotes; it serves to give a user's settings back, never to judge them.
func Values(text string) map[string]string {
	values := map[string]string{}
	for line := range strings.Lines(text) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), " ")
		if ok && !strings.HasPrefix(name, "#") {
			values[strings.ToLower(name)] = strings.Trim(strings.TrimSpace(value), `"'`)
		}
	}
	return values
}
