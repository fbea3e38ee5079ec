// SPDX-License-Identifier: Apache-2.0

package redisconf

import (
	"path"
	"strings"
	"testing"
)

// TestGuardHello: what ACL LIST says, and what keeps the user from the hello channel; ALL stands for the patterns of every other
// channel. test/process asks real servers whether it does.
func TestGuardHello(t *testing.T) {
	all := strings.Join(allButHello(), " ")
	for name, c := range map[string]struct{ line, want string }{
		"everything":                   {"user default on nopass sanitize-payload ~* &* +@all", "-publish -spublish (resetchannels +publish +spublish ALL)"},
		"guarded already":              {"user default on nopass ~* &* +@all -publish -spublish (resetchannels ALL -@all +publish +spublish)", ""},
		"no channel":                   {"user u on #00 ~* resetchannels +@all", ""},
		"no command":                   {"user u on #00 ~* &* -@all +get", ""},
		"publish alone":                {"user u on #00 &* -@all +publish", "-publish (resetchannels +publish ALL)"},
		"a category":                   {"user u on #00 &* -@all +@pubsub -spublish", "-publish (resetchannels +publish ALL)"},
		"a category taken away":        {"user u on #00 &* +@all -@pubsub", ""},
		"another category taken away":  {"user u on #00 &* +@all -@dangerous", "-publish -spublish (resetchannels +publish +spublish ALL)"},
		"own channels":                 {"user u on #00 resetchannels &app:* +@all", ""},
		"own channels and the hello's": {"user u on #00 resetchannels &app:* &__sentinel__:* +@all", "-publish -spublish (resetchannels +publish +spublish &app:*)"},
		"the hello channel alone":      {"user u on #00 resetchannels &__sentinel__:hell? -@all +publish", "-publish"},
		"in a selector":                {"user u on #00 ~* resetchannels -@all +get (resetchannels &* -@all +publish)", "clearselectors (resetchannels &* -@all +publish -publish) (resetchannels +publish ALL)"},
		"only by two sets together":    {"user u on #00 resetchannels -@all +publish (resetchannels &* -@all +get)", ""},
		"in the second selector":       {"user u on #00 resetchannels -@all (~a resetchannels -@all +get) (resetchannels &* +@all)", "clearselectors (~a resetchannels -@all +get) (resetchannels &* +@all -publish -spublish) (resetchannels +publish +spublish ALL)"},
		"switched off":                 {"user u off ~* &* +@all", "-publish -spublish (resetchannels +publish +spublish ALL)"},
		"nonsense":                     {"user", ""},
		"with a first argument":        {"user u on #00 &* -@all +publish|__sentinel__:hello", "-publish (resetchannels +publish ALL)"},
		"a name like a selector's":     {"user (m on nopass &* -@all +publish", "-publish (resetchannels +publish ALL)"},
		"a name with another space":    {"user m\u00a0x on nopass &* -@all +publish", "-publish (resetchannels +publish ALL)"},
	} {
		t.Run(name, func(t *testing.T) {
			got := strings.Join(GuardHello(strings.ReplaceAll(c.line, "ALL", all)), " ")
			if want := strings.ReplaceAll(c.want, "ALL", all); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

// TestEveryOtherChannelStaysOpen: the patterns leave out the hello channel and nothing else.
func TestEveryOtherChannelStaysOpen(t *testing.T) {
	open := func(channel string) bool {
		for _, pattern := range allButHello() {
			if match, err := path.Match(pattern[1:], channel); err != nil {
				t.Fatalf("%s: %v", pattern, err)
			} else if match {
				return true
			}
		}
		return false
	}
	if open(HelloChannel) {
		t.Error("the hello channel is open")
	}
	channels := []string{"x", "news", HelloChannel + "2", "hello", "__sentinel__:helm", strings.ToUpper(HelloChannel), "x" + HelloChannel}
	for i := 1; i < len(HelloChannel); i++ {
		channels = append(channels, HelloChannel[:i], HelloChannel[:i]+"!", HelloChannel[:i]+"!"+HelloChannel[i:], HelloChannel[:i-1]+"!"+HelloChannel[i:])
	}
	for _, channel := range channels {
		if !open(channel) {
			t.Errorf("%q is closed", channel)
		}
	}
}
