// SPDX-License-Identifier: Apache-2.0

package redisagent

import (
	"context"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// writesEvery is the time between two looks at where the server writes.
const writesEvery = 30 * time.Second

// whereItWrites are options that say where a server puts its data. Whoever reaches an open server can change them, and then has it write a
// file of his choice, or lose what it saves.
var whereItWrites = []string{"dir", "dbfilename"}

// writes remembers, for one process, where it wrote when it was first seen.
type writes struct {
	// options reads options of the server, and tell tells that one of them is another now.
	options func(ctx context.Context, names ...string) (map[string]string, error)
	tell    func(option, from, to string)

	run  string
	was  map[string]string
	next time.Time
}

// look compares where the server writes with where it did, and tells each change once.
func (w *writes) look(ctx context.Context, v *model.View) {
	r := &v.Self.Redis
	if w == nil || r.Answer != model.Up || r.OtherFile || r.TooOld || v.Now.Before(w.next) && r.RunID == w.run {
		return
	}
	w.next = v.Now.Add(writesEvery)
	now, err := w.options(ctx, whereItWrites...)
	if err != nil {
		return // it is asked again
	}
	if w.run != r.RunID {
		w.run, w.was = r.RunID, now
		return
	}
	for _, name := range whereItWrites {
		if now[name] != w.was[name] {
			w.tell(name, w.was[name], now[name])
			w.was[name] = now[name]
		}
	}
}
