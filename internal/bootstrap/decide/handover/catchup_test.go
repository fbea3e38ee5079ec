// SPDX-License-Identifier: Apache-2.0

package handover

import (
	"errors"
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide/decidetest"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// TestWordIsGivenToWhoHasEverything: of this history, in the process that was chosen, by the word of both servers, and in time.
func TestWordIsGivenToWhoHasEverything(t *testing.T) {
	type answers struct{ own, to *model.Redis }
	for name, c := range map[string]struct {
		change func(answers)
		after  time.Duration
		err    error
		given  bool
	}{
		"it has everything":                                 {func(answers) {}, 0, nil, true},
		"it is ahead by what comes next":                    {func(a answers) { a.to.Offset++ }, 0, nil, true},
		"it lacks one byte":                                 {func(a answers) { a.to.Offset-- }, 0, nil, false},
		"it has as much of another":                         {func(a answers) { a.to.ReplID = decidetest.OtherID }, 0, nil, false},
		"my history is a new one":                           {func(a answers) { a.own.ReplID = decidetest.OtherID }, 0, nil, false},
		"it is another process":                             {func(a answers) { a.to.RunID += "-again" }, 0, nil, false},
		"it loads":                                          {func(a answers) { a.to.Answer = model.Loading }, 0, nil, false},
		"my Redis is silent, as it was when it had nothing": {func(a answers) { a.own.Answer = model.Silent }, 0, nil, false},
		"it is too late":                                    {func(answers) {}, catchUpTime, nil, false},
		"in the last moment":                                {func(answers) {}, catchUpTime - time.Nanosecond, nil, true},
		"it is not known whether writes are held back":      {func(answers) {}, 0, errors.New("no answer"), false},
		"nor that, and it is late":                          {func(answers) {}, catchUpTime, errors.New("no answer"), false},
	} {
		t.Run(name, func(t *testing.T) {
			state, v := begun(), View{Now: decidetest.Clock, Record: decidetest.RecordOf(0)}
			_, state = state.Next(v)
			_, state = state.Next(v)
			v.Prepared = true
			step, state := state.Next(v)
			if len(step.Commands) != 1 || step.Commands[0] != (decide.Command{Do: decide.PauseWrites, For: firstPause}) {
				t.Fatalf("before it waits: %+v", step)
			}
			v.Now, v.Err = v.Now.Add(c.after), c.err
			v.Own, v.Successor = decidetest.Pod(0, decidetest.Master).Redis, decidetest.Pod(1, decidetest.Replica(0)).Redis
			c.change(answers{&v.Own, &v.Successor})
			step, state = state.Next(v)
			v.Err = nil
			word, _ := state.Next(v)
			if given := word.Tell != ""; given != c.given {
				t.Errorf("the word is given: %t, after %+v", given, step)
			}
			if c.given && (len(step.Commands) != 2 || step.Commands[0] != (decide.Command{Do: decide.PauseWrites, For: longPause}) || step.Commands[1].Do != decide.NeedNoReplicas) {
				t.Errorf("before the word: %+v", step.Commands)
			}
			if late := c.after == catchUpTime && c.err == nil; late != (len(step.Commands) == 1 && step.Commands[0].Do == decide.ResumeWrites) {
				t.Errorf("writes go on: %+v", step.Commands)
			}
		})
	}
}
