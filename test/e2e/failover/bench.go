// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/failover/measure"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
)

// job is one round that is still to be done.
type job struct {
	fault  fault
	arm    string
	number int
}

// bencher does jobs in order and keeps what the next one can use.
type bencher struct {
	world *world.World
	opts  options
	out   io.Writer
	stage *stage
	run   string
	took  map[string]time.Duration // by fault: the last round
}

// bench does all rounds that the results do not have yet.
func bench(ctx context.Context, opts options, out io.Writer) (err error) {
	picked, unknown := chosen(opts.faults)
	if len(unknown) > 0 {
		return fmt.Errorf("no fault is called %s; these are: %s", strings.Join(unknown, ", "), names())
	}
	have, err := results(opts.results)
	if err != nil {
		return err
	}
	w, err := world.ConnectWithNode(ctx, opts.kubeconfig)
	if err != nil {
		return err
	}
	defer w.Close()
	b := &bencher{world: w, opts: opts, out: out, took: map[string]time.Duration{}, stage: &stage{world: w, opts: opts, out: out}}
	defer func() {
		aside, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Minute)
		defer cancel()
		err = errors.Join(err, b.stage.clear(aside))
	}()
	if err := b.stage.begin(ctx); err != nil {
		return err
	}
	todo := remaining(picked, armNames(opts), opts, have)
	if len(todo) == 0 {
		fmt.Fprintln(out, "the results have all rounds that were asked for")
		return nil
	}
	if err := b.begin(ctx); err != nil {
		return err
	}
	for i, job := range todo {
		fmt.Fprintf(out, "%s  %d of %d, about %s left\n", time.Now().Format(time.TimeOnly), i+1, len(todo), b.left(todo[i:]).Round(time.Minute))
		if err := b.do(ctx, job); err != nil {
			return err
		}
	}
	return nil
}

// remaining are the jobs that no round of the results is of: each round of a fault with every arm in turn.
func remaining(faults []fault, arms []string, opts options, have []measure.Round) []job {
	type key struct {
		fault, arm, image string
		number            int
	}
	done := map[key]bool{}
	for _, r := range have {
		done[key{r.Fault, r.Arm, r.Image, r.Number}] = true
	}
	var todo []job
	for _, f := range faults {
		for number := 1; number <= opts.rounds; number++ {
			for _, arm := range arms {
				if !done[key{f.name, arm, opts.image, number}] {
					todo = append(todo, job{fault: f, arm: arm, number: number})
				}
			}
		}
	}
	return todo
}

func armNames(opts options) []string {
	switch {
	case opts.arms != "":
		return strings.Split(opts.arms, ",")
	case strings.HasPrefix(opts.image, "valkey"):
		return []string{measure.Ours, measure.Plain, measure.Coordinated}
	}
	return []string{measure.Ours, measure.Plain}
}

// do does one round, appends its result, and removes the arm where it is no longer whole.
func (b *bencher) do(ctx context.Context, job job) error {
	standing, server, err := b.stage.arm(ctx, job.arm, !job.fault.memory)
	if err != nil {
		return err
	}
	r := &round{
		world: b.world, arm: standing, clients: b.stage.clients, rate: b.opts.rate,
		key: fmt.Sprintf("bench:%s:%d", job.fault.name, time.Now().UnixNano()),
	}
	result := r.play(ctx, job.fault)
	if ctx.Err() != nil {
		return ctx.Err() // an interrupted round says nothing
	}
	result.Run, result.Fault, result.Arm, result.Number = b.run, job.fault.name, job.arm, job.number
	result.Server, result.Image = server, b.opts.image
	b.took[job.fault.name] = time.Duration(result.Seconds * float64(time.Second))
	fmt.Fprintln(b.out, line(result))
	if err := appendResult(b.opts.results, result); err != nil {
		return err
	}
	if result.Failed == "" {
		return nil
	}
	return b.stage.remove(ctx, job.arm)
}

// left estimates how long jobs take, by how long their faults took last.
func (b *bencher) left(todo []job) time.Duration {
	var sum time.Duration
	for _, job := range todo {
		if took, known := b.took[job.fault.name]; known {
			sum += took
		} else {
			sum += job.fault.expect
		}
	}
	return sum
}

// results reads what earlier runs measured; a file that is not there is none.
func results(path string) ([]measure.Round, error) {
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading results: %w", err)
	}
	defer file.Close()
	_, rounds, err := measure.Decode(file)
	return rounds, err
}

// appendResult writes one line behind the results.
func appendResult(path string, result any) error {
	text, err := measure.Encode(result)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("keeping a result: %w", err)
	}
	_, err = file.Write(text)
	return errors.Join(err, file.Close())
}
