// SPDX-License-Identifier: Apache-2.0

// Admission measures how long the served webhook takes to answer, over TLS as an API server asks it, beside a handler that reads
// a review and answers with nothing: in the same run, by turns, from another process. Requests come when they are due, whether the ones
// before them were answered or not, and are timed from then.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt) //nolint:forbidigo // the program's own
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "admission:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	serving := flag.Bool("serve", false, "serve both handlers, for the process that asks")
	rates := flag.String("rates", "500,2000", "requests a second, with commas")
	rounds := flag.Int("rounds", 5, "turns of each handler at each rate")
	long := flag.Duration("long", 10*time.Second, "length of one turn")
	pod := flag.String("pod", "internal/mutate/testdata/pods/rich/pod.yaml", "the pod that is reviewed")
	flag.Parse()
	if *serving {
		return serve(ctx)
	}
	// What is measured is the other process: this one is to stand in its way as little as may be.
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(512 << 20)
	body, err := review(*pod)
	if err != nil {
		return err
	}
	child, err := start(ctx)
	if err != nil {
		return err
	}
	defer child.stop()
	fmt.Printf("| requests/s | handler | answered | failed | p50 | p90 | p99 | p99.9 | p99 beside the empty one |\n|---|---|---|---|---|---|---|---|---|\n")
	for _, word := range strings.Split(*rates, ",") {
		rate, err := strconv.Atoi(word)
		if err != nil || rate <= 0 {
			return fmt.Errorf("-rates: %q is no number of requests a second", word)
		}
		if err := child.compare(ctx, body, rate, *rounds, *long); err != nil {
			return errors.Join(fmt.Errorf("at %d requests/s", rate), err)
		}
	}
	return nil
}
