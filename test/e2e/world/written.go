// SPDX-License-Identifier: Apache-2.0

package world

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"
)

// Written is what became of everything that a Writer wrote.
type Written struct {
	Acks   []Ack // by time
	Errors []WriteError
	// Dials are the connections that the client opened after its first write.
	Dials []Dial
	// Lost are the acknowledged writes that the master did not have in the end.
	Lost []Ack
	// LongestGap is the longest time without an acknowledgement, and when it began.
	LongestGap time.Duration
	GapAt      time.Time
}

// Stop ends the writing and counts, through Sentinel, which acknowledged writes the master has now. It may be called again, and
// then counts again.
func (w *Writer) Stop(ctx context.Context) (Written, error) {
	w.stop()
	w.done.Wait()
	written := w.Since(time.Time{})
	var err error
	written.Lost, err = w.lost(ctx, written.Acks)
	return written, err
}

// Since is what became of the writes that ended after a time, while writing may go on. Nobody asks what was lost of them.
func (w *Writer) Since(begin time.Time) Written {
	w.mu.Lock()
	written := Written{
		Acks:   slices.DeleteFunc(slices.Clone(w.acks), func(a Ack) bool { return a.At.Before(begin) }),
		Errors: slices.DeleteFunc(slices.Clone(w.errors), func(e WriteError) bool { return e.At.Before(begin) }),
		Dials:  slices.DeleteFunc(slices.Clone(w.dials), func(d Dial) bool { return d.At.Before(begin) }),
	}
	w.mu.Unlock()
	slices.SortFunc(written.Acks, func(a, b Ack) int { return a.At.Compare(b.At) })
	written.measureGap(time.Now())
	return written
}

// Close closes the connections; the writer cannot be used afterwards.
func (w *Writer) Close() {
	w.stop()
	w.done.Wait()
	_ = w.client.Close()
}

// LostReplicated are the lost writes that a replica had confirmed.
func (w Written) LostReplicated() []Ack {
	return slices.DeleteFunc(slices.Clone(w.Lost), func(a Ack) bool { return !a.Replicated })
}

func (w *Written) measureGap(ended time.Time) {
	for i, ack := range w.Acks {
		until := ended
		if i+1 < len(w.Acks) {
			until = w.Acks[i+1].At
		}
		if gap := until.Sub(ack.At); gap > w.LongestGap {
			w.LongestGap, w.GapAt = gap, ack.At
		}
	}
}

// lost returns the writes that the current master does not have with their right value.
func (w *Writer) lost(ctx context.Context, acks []Ack) ([]Ack, error) {
	var lost []Ack
	for chunk := range slices.Chunk(acks, 500) {
		var values []*redis.StringCmd
		_, err := Until(ctx, 15*time.Second, "the master to read the written keys from", func(ctx context.Context) string {
			pipe := w.client.Pipeline()
			values = values[:0]
			for _, ack := range chunk {
				values = append(values, pipe.Get(ctx, w.Key(ack.Number)))
			}
			if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
				return err.Error()
			}
			return ""
		})
		if err != nil {
			return nil, err
		}
		for i, value := range values {
			if number, err := value.Int64(); err != nil || number != chunk[i].Number {
				lost = append(lost, chunk[i])
			}
		}
	}
	return lost, nil
}
