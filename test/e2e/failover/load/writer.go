// SPDX-License-Identifier: Apache-2.0

// Package load writes to a replication group as applications do, at a steady pace, and notes what was acknowledged when. Its Server
// runs in a pod of the cluster, so that its clients see names, Services and broken networks as other pods do; its Client commands
// it from outside.
package load

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/failover/measure"
)

const (
	// crowd is how many writes may be without an answer before the pace becomes that of a writer that is stuck.
	crowd = 32
	// stuckEvery is that pace: often enough that the end of an outage is seen at once, and rare enough that the connections which
	// wait in vain are no load of their own.
	stuckEvery = 5 * time.Millisecond
	// most is how many writes may be without an answer at all.
	most = 400
	// firstWithin bounds the wait for a writer's first acknowledgement.
	firstWithin = 15 * time.Second
)

// Writer sends numbered writes at a steady pace, each in its own time: one that waits for an answer delays none after it. So a gap
// between acknowledgements is the servers' doing and neither that of a queue nor hidden by one.
type Writer struct {
	spec   Spec
	client *redis.Client
	stop   context.CancelFunc
	done   sync.WaitGroup

	mu      sync.Mutex
	next    int
	waiting int
	acks    int
	log     measure.Log
}

// Start begins to write and returns after the first acknowledgement. Stop it in any case.
func Start(ctx context.Context, spec Spec) (*Writer, error) {
	w := &Writer{spec: spec, client: spec.client(), log: measure.Log{Began: time.Now()}}
	deadline, cancel := context.WithTimeout(ctx, firstWithin)
	defer cancel()
	for w.write(deadline, 0) != nil {
		select {
		case <-deadline.Done():
			_ = w.client.Close()
			return nil, fmt.Errorf("writing by %s as %s: nothing was acknowledged in %s: %v", spec.Path, spec.Client, firstWithin, w.log.Errors)
		case <-time.After(stuckEvery):
		}
	}
	w.log.Errors, w.next = nil, 1
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	w.stop = stop
	w.done.Go(func() { w.pace(running) })
	return w, nil
}

// pace sends every write when it is due. What was due while the machine did not let this goroutine run is sent at once.
func (w *Writer) pace(ctx context.Context) {
	period := time.Second / time.Duration(w.spec.Rate)
	ticker := time.NewTicker(period)
	defer ticker.Stop()
	due := time.Now()
	var last time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		for now := time.Now(); !due.After(now); due = due.Add(period) {
			number, sent := w.take(now, last)
			if !sent {
				continue
			}
			last = now
			w.done.Go(func() { _ = w.write(ctx, number) }) // it is noted
		}
	}
}

// take gives the next number, unless too many writes wait for their answers.
func (w *Writer) take(now, last time.Time) (number int, sent bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.waiting >= most || w.waiting >= crowd && now.Sub(last) < stuckEvery {
		w.log.Skipped++
		return 0, false
	}
	number = w.next
	w.next++
	w.waiting++
	return number, true
}

// write sends one write and notes its outcome. One that was cut off because the writing ended is noted as unanswered only.
func (w *Writer) write(ctx context.Context, number int) error {
	err := w.client.SetBit(ctx, w.spec.Key, int64(number), 1).Err()
	w.mu.Lock()
	defer w.mu.Unlock()
	if number > 0 {
		w.waiting--
	}
	switch {
	case err == nil:
		w.acks++
		w.log.Ack(number, time.Now())
	case ctx.Err() == nil || number == 0:
		w.log.Fail(kind(err))
	}
	return err
}

// Acks counts the acknowledged writes so far.
func (w *Writer) Acks() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.acks
}

// Stop ends the writing and returns what was noted.
func (w *Writer) Stop() *measure.Log {
	w.stop()
	ended := time.Now()
	_ = w.client.Close() // ends what still waits for an answer
	w.done.Wait()
	w.log.Ended = ended
	return &w.log
}
