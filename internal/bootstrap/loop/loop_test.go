// SPDX-License-Identifier: Apache-2.0

package loop

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"
)

func TestPanicEndsATurnOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		turns := 0
		go Repeat(ctx, slog.New(slog.DiscardHandler), NewWakeup(), func(context.Context) time.Duration {
			if turns++; turns == 1 {
				panic("in a turn")
			}
			return time.Second
		})
		time.Sleep(3500 * time.Millisecond) // of the bubble's own clock
		cancel()
		synctest.Wait()
		if turns != 4 {
			t.Errorf("turns=%d, want 4: the loop goes on after a panic", turns)
		}
	})
}

// TestCrewIsJoined: SIGTERM in the middle of a handover must not leave its offer and its pause behind, so the agent ends when
// the turn has come to its end, and not before.
func TestCrewIsJoined(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		crew, _ := NewCrew(ctx, slog.New(slog.DiscardHandler))
		turn, ended := make(chan struct{}), make(chan error, 1)
		crew.Go(func(context.Context) error { <-turn; return nil })
		crew.Keep(func(ctx context.Context) { <-ctx.Done() })
		go func() { ended <- crew.Wait() }()
		cancel()
		synctest.Wait()
		if len(ended) > 0 {
			t.Fatal("it ended while a turn ran")
		}
		close(turn)
		if err := <-ended; err != nil { // synctest fails where nothing can send any more
			t.Error(err)
		}
	})
}

// TestPanicEndsNothingElse: whatever panics beside the turns, the process and the other goroutines go on, and what the agent
// needs is started again.
func TestPanicEndsNothingElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		crew, _ := NewCrew(ctx, slog.New(slog.DiscardHandler))
		kept := 0
		crew.Keep(func(ctx context.Context) {
			if kept++; kept == 1 {
				panic("in a watch")
			}
			<-ctx.Done()
		})
		crew.Spawn(func(context.Context) { panic("beside a turn") })
		time.Sleep(10 * time.Second) // of the bubble's own clock
		cancel()
		if err := crew.Wait(); err != nil || kept != 2 {
			t.Errorf("err=%v, begun %d times, want 2", err, kept)
		}
	})
}

// TestErrorEndsTheCrew: an agent whose probes are not answered must be noticed.
func TestErrorEndsTheCrew(t *testing.T) {
	crew, ctx := NewCrew(t.Context(), slog.New(slog.DiscardHandler))
	crew.Keep(func(ctx context.Context) { <-ctx.Done() })
	crew.Go(func(context.Context) error { return io.ErrUnexpectedEOF })
	if err := crew.Wait(); !errors.Is(err, io.ErrUnexpectedEOF) || ctx.Err() == nil {
		t.Errorf("err=%v, context %v", err, ctx.Err())
	}
}

// TestPanicTogetherEndsTheTurn: one question of many panics in a goroutine of its own; the turn that asked ends, and the next
// one runs.
func TestPanicTogetherEndsTheTurn(t *testing.T) {
	finished := Guard(slog.New(slog.DiscardHandler), func() {
		var all Together
		all.Go(func() {})
		all.Go(func() { panic("in a question") })
		all.Wait()
	})
	if finished {
		t.Error("the turn went on without the answer")
	}
}

// TestPanicOfAnEssentialPartEndsTheAgent: half an agent that looks well would be worse than one that the kubelet starts again.
func TestPanicOfAnEssentialPartEndsTheAgent(t *testing.T) {
	crew, _ := NewCrew(t.Context(), slog.New(slog.DiscardHandler))
	crew.Keep(func(ctx context.Context) { <-ctx.Done() })
	crew.Go(func(context.Context) error { panic("while it starts") })
	if err := crew.Wait(); !errors.Is(err, errPanicked) {
		t.Errorf("err=%v, want the agent to end", err)
	}
}

// TestStormOfWakeUpsIsNoStormOfTurns: who is woken all the time takes a turn each Shortest at most.
func TestStormOfWakeUpsIsNoStormOfTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		woken, turns := NewWakeup(), 0
		Repeat(ctx, slog.New(slog.DiscardHandler), woken, func(context.Context) time.Duration {
			if turns++; turns > 1000 {
				stop() // no time passes between turns
			}
			woken.Wake()
			return time.Hour
		})
		if most := int(time.Second/Shortest) + 1; turns < most/2 || turns > most {
			t.Errorf("%d turns in a second, want about %d", turns, most)
		}
	})
}
