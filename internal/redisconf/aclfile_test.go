// SPDX-License-Identifier: Apache-2.0

package redisconf

import (
	"strings"
	"testing"
)

// TestFileThatRedisWouldNotLoad is not fit as a whole: with the line left out, a user that it keeps out could come in.
func TestFileThatRedisWouldNotLoad(t *testing.T) {
	const good = "user default on >secret ~* +@all"
	for text, want := range map[string]struct {
		names string
		fit   bool
		line  int
	}{
		"":                                       {"", true, 0},
		"# mine\n\n  " + good + "\r\n":           {"default", true, 0},
		good + "\nuser app on #00 +get\n":        {"default app", true, 0},
		"\ufeff" + good + "\n":                   {"", false, 1},
		"User default on >secret ~* +@all\n":     {"", false, 1},
		"default on >secret ~* +@all\n":          {"", false, 1},
		"user\u00a0default on >secret\n":         {"", false, 1},
		"user\tdefault on >secret\n":             {"", false, 1},
		"user app on\r" + good + "\r":            {"", false, 1},
		"u\x00s\x00e\x00r\x00 \x00d\x00\n":       {"", false, 1},
		"user\n" + good:                          {"default", false, 1},
		good + "\n" + good + "\n":                {"default", false, 2},
		good + "\nuser redis-sentinel-agent on":  {"default", true, 2},
		"user redis-sentinel-x on\n" + good + "": {"default", true, 1},
	} {
		lines, objections, fit := UserLines("/f", text)
		var names []string
		for _, l := range lines {
			names = append(names, l.Name)
		}
		line := 0
		if len(objections) > 0 {
			line = objections[0].Line
		}
		if got := strings.Join(names, " "); got != want.names || fit != want.fit || line != want.line {
			t.Errorf("%q: users %q, fit %t, objection in line %d, want %+v", text, got, fit, line, want)
		}
		for _, o := range objections {
			if strings.Contains(o.String(), "secret") {
				t.Errorf("%q: the objection repeats a password: %s", text, o)
			}
		}
	}
}
