// SPDX-License-Identifier: Apache-2.0

package world

import (
	"context"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// Writes says how a Writer writes.
type Writes struct {
	// Rate is writes per second; 0 means 100.
	Rate int
	// Confirm asks with WAIT 1, after each write and on its connection, whether a replica has it.
	Confirm bool
	// ByPods finds the Sentinels by their pods' addresses instead of their Service, for times when the node itself cannot use
	// Services of pods that are cut off.
	ByPods bool
	// Service finds the master through its Service instead of through Sentinels.
	Service bool
	// Identify asks, in the pipeline of each write, which process answers it.
	Identify bool
}

// Dial is one connection that the client opened, or tried to.
type Dial struct {
	Address string
	At      time.Time
	Err     error
}

// writeWorkers write in turn: one that hangs at a dead address does not block the others.
const writeWorkers = 4

// writeWithin bounds one write with all its retries.
const writeWithin = 10 * time.Second

// Writer is a client as applications have them: go-redis behind Sentinel with its default retries. It writes numbered keys,
// each once, until it is stopped.
type Writer struct {
	client *redis.Client
	writes Writes
	prefix string
	start  time.Time
	next   atomic.Int64
	stop   context.CancelFunc
	done   sync.WaitGroup

	mu     sync.Mutex
	acks   []Ack
	errors []WriteError
	dials  []Dial
	known  map[string]string // run ids, each kept once
}

// Ack is one acknowledged write.
type Ack struct {
	Number int64
	// Sent is when the write began, At when its acknowledgement was there.
	Sent, At time.Time
	// Server is the run id of the process that acknowledged it (only with Writes.Identify).
	Server string
	// Replicated reports whether a replica had confirmed it (only with Writes.Confirm).
	Replicated bool
}

// WriteError is one write that failed after the client's own retries; whether it was carried out is unknown.
type WriteError struct {
	Number int64
	At     time.Time
	Err    error
}

// StartWriter begins to write to the group. The first write is acknowledged, or the error says why not, before it
// returns, so that a test breaks something only while writes flow. Stop it in any case.
func (w *World) StartWriter(ctx context.Context, group Group, writes Writes) (*Writer, error) {
	if writes.Rate == 0 {
		writes.Rate = 100
	}
	writer := &Writer{writes: writes, start: time.Now()}
	client, err := w.applicationClient(ctx, group, writes, func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := w.dial(ctx, network, address)
		writer.dialed(address, err)
		return conn, err
	})
	if err != nil {
		return nil, err
	}
	if err := writer.begin(ctx, client); err != nil {
		return nil, err
	}
	return writer, nil
}

// WriteTo begins to write with a client of the caller, which belongs to the Writer from now on. Everything else is as in
// StartWriter.
func WriteTo(ctx context.Context, client *redis.Client, writes Writes) (*Writer, error) {
	if writes.Rate == 0 {
		writes.Rate = 100
	}
	writer := &Writer{writes: writes, start: time.Now()}
	if err := writer.begin(ctx, client); err != nil {
		return nil, err
	}
	return writer, nil
}

// begin writes once, and then from several workers.
func (w *Writer) begin(ctx context.Context, client *redis.Client) error {
	writer, writes := w, w.writes
	writer.client = client
	writer.prefix = "write:" + strconv.FormatInt(writer.start.UnixNano(), 36) + ":"
	if _, err := Until(ctx, 10*time.Second, "the first acknowledged write", func(ctx context.Context) string {
		if err := writer.write(ctx); err != nil {
			return err.Error()
		}
		return ""
	}); err != nil {
		_ = client.Close()
		return err
	}
	writer.errors, writer.dials = nil, nil
	running, stop := context.WithCancel(ctx)
	writer.stop = stop
	ticks := time.NewTicker(time.Second / time.Duration(writes.Rate))
	for range writeWorkers {
		writer.done.Go(func() {
			for {
				select {
				case <-running.Done():
					ticks.Stop()
					return
				case <-ticks.C:
					bounded, cancel := context.WithTimeout(context.WithoutCancel(running), writeWithin)
					_ = writer.write(bounded) // it is recorded
					cancel()
				}
			}
		})
	}
	return nil
}

// write writes one key and records the outcome.
func (w *Writer) write(ctx context.Context) error {
	number, sent := w.next.Add(1), time.Now()
	pipe := w.client.Pipeline()
	set := pipe.Set(ctx, w.Key(number), number, 0)
	var who *redis.StringCmd
	if w.writes.Identify {
		who = pipe.Info(ctx, "server")
	}
	var wait *redis.Cmd
	if w.writes.Confirm {
		wait = pipe.Do(ctx, "WAIT", 1, 500) // milliseconds, below the read timeout
	}
	_, _ = pipe.Exec(ctx)
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := set.Err(); err != nil {
		w.errors = append(w.errors, WriteError{Number: number, At: time.Now(), Err: err})
		return err
	}
	ack := Ack{Number: number, Sent: sent, At: time.Now()}
	if who != nil {
		ack.Server = w.keep(readInfo(who.Val()).RunID)
	}
	if wait != nil {
		have, err := wait.Int()
		ack.Replicated = err == nil && have >= 1
	}
	w.acks = append(w.acks, ack)
	return nil
}

// dialed records where the client connected to.
func (w *Writer) dialed(address string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dials = append(w.dials, Dial{Address: address, At: time.Now(), Err: err})
}

// keep returns the run id as it was first seen, so that acks do not keep whole replies. The caller holds the lock.
func (w *Writer) keep(run string) string {
	if known, seen := w.known[run]; seen {
		return known
	}
	if w.known == nil {
		w.known = map[string]string{}
	}
	run = strings.Clone(run)
	w.known[run] = run
	return run
}

// Key is where the write of that number stands; its value is the number.
func (w *Writer) Key(number int64) string { return w.prefix + strconv.FormatInt(number, 10) }

// Acknowledged counts the writes acknowledged so far.
func (w *Writer) Acknowledged() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.acks)
}
