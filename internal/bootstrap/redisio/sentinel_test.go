// SPDX-License-Identifier: Apache-2.0

package redisio

import (
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// TestAnswerWithoutAnAddressNamesNobody: nil is "I do not know the group", and everything incomplete is silence.
func TestAnswerWithoutAnAddressNamesNobody(t *testing.T) {
	facts := map[string]string{"config-epoch": "7", "flags": "master"}
	for name, words := range map[string][]string{"nothing": {}, "one word": {"10.0.0.1"}, "three words": {"10.0.0.1", "6379", "x"}} {
		address, master := redis.NewStringSliceCmd(t.Context()), redis.NewMapStringStringCmd(t.Context())
		address.SetVal(words)
		master.SetVal(facts)
		if s := decodeSentinel(address, master); s.Answered || s.Address != (model.Address{}) {
			t.Errorf("%s: %+v", name, s)
		}
	}
	address, master := redis.NewStringSliceCmd(t.Context()), redis.NewMapStringStringCmd(t.Context())
	address.SetVal([]string{"10.0.0.1", "6379"})
	for told, want := range map[string]int{"": 1, "0": 0, "2": 2} {
		if facts["num-slaves"] = told; told == "" {
			delete(facts, "num-slaves")
		}
		master.SetVal(facts)
		if s := decodeSentinel(address, master); s.Replicas != want {
			t.Errorf("%q replicas: %+v, want %d", told, s, want)
		}
	}
	address, master = redis.NewStringSliceCmd(t.Context()), redis.NewMapStringStringCmd(t.Context())
	address.SetErr(redis.Nil)
	if s := decodeSentinel(address, master); !s.Answered || s.Monitors {
		t.Errorf("an unknown group: %+v", s)
	}
	address = redis.NewStringSliceCmd(t.Context())
	address.SetVal([]string{"", "0"})
	master.SetVal(facts)
	if s := decodeSentinel(address, master); s.Answered && s.Monitors {
		t.Errorf("an empty address is a master: %+v", s)
	}
}
