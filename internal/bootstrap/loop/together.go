// SPDX-License-Identifier: Apache-2.0

package loop

import (
	"fmt"
	"runtime/debug"
	"sync"
)

// Together runs functions at the same time for one turn. A panic in one of them is raised again by Wait, in the goroutine of
// the turn, which it ends.
type Together struct {
	all   sync.WaitGroup
	once  sync.Once
	cause any
}

// Go runs a function.
func (t *Together) Go(f func()) {
	t.all.Go(func() {
		defer func() {
			if cause := recover(); cause != nil {
				t.once.Do(func() { t.cause = fmt.Sprintf("%v\n%s", cause, debug.Stack()) })
			}
		}()
		f()
	})
}

// Wait returns when all have ended.
func (t *Together) Wait() {
	t.all.Wait()
	if t.cause != nil {
		panic(t.cause)
	}
}
