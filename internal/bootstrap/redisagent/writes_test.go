// SPDX-License-Identifier: Apache-2.0

package redisagent

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// TestStrangerWhoMovesTheDataIsTold: each change once, of each process; where a process wrote when it was first seen is as its owner wants it.
func TestStrangerWhoMovesTheDataIsTold(t *testing.T) {
	var told []string
	now := map[string]string{"dir": "/data", "dbfilename": "dump.rdb"}
	asked := 0
	at := time.Unix(1_800_000_000, 0)
	w := &writes{
		options: func(context.Context, ...string) (map[string]string, error) {
			asked++
			return map[string]string{"dir": now["dir"], "dbfilename": now["dbfilename"]}, nil
		},
		tell: func(option, from, to string) { told = append(told, fmt.Sprintf("%s %s %s", option, from, to)) },
	}
	look := func(run string, after time.Duration) {
		at = at.Add(after)
		w.look(t.Context(), &model.View{Now: at, Self: model.Pod{Redis: model.Redis{Answer: model.Up, RunID: run}}})
	}
	for range 100 {
		look("a", time.Second)
	}
	if asked > 5 || len(told) > 0 {
		t.Errorf("asked %d times, told %q", asked, told)
	}
	now["dir"] = "/tmp"
	for range 3 {
		look("a", writesEvery)
	}
	now["dbfilename"] = "authorized_keys"
	look("a", writesEvery)
	look("b", 0)
	if want := []string{"dir /data /tmp", "dbfilename dump.rdb authorized_keys"}; !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
}
