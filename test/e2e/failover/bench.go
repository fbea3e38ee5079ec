// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
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
	for done := 0; done < len(todo); {
		next := together(todo[done:])
		fmt.Fprintf(out, "%s  %d of %d, about %s left\n", time.Now().Format(time.TimeOnly), done+1, len(todo), b.left(todo[done:]).Round(time.Minute))
		if err := b.do(ctx, next); err != nil {
			return err
		}
		done += len(next)
	}
	return nil
}

// together is the first job, with those behind it that are the same round of the same slow fault.
func together(todo []job) []job {
	first, count := todo[0], 1
	for count < len(todo) && first.fault.slow && todo[count].fault.name == first.fault.name && todo[count].number == first.number {
		count++
	}
	return todo[:count]
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

// do does a round to each arm of the jobs at the same time, appends the results, and removes the arms that are no longer whole.
func (b *bencher) do(ctx context.Context, jobs []job) error {
	rounds := make([]*round, len(jobs))
	outcomes := make([]measure.Round, len(jobs))
	for i, job := range jobs {
		standing, server, err := b.stage.arm(ctx, job.arm, !job.fault.memory)
		if err != nil {
			return err
		}
		clients := b.stage.clients
		clients.Set = job.arm
		rounds[i] = &round{
			world: b.world, arm: standing, clients: clients, rate: b.opts.rate,
			key: fmt.Sprintf("bench:%s:%d", job.fault.name, time.Now().UnixNano()),
		}
		outcomes[i] = measure.Round{Run: b.run, Fault: job.fault.name, Arm: job.arm, Number: job.number, Server: server, Image: b.opts.image, Beside: len(jobs) - 1}
	}
	var playing sync.WaitGroup
	for i, job := range jobs {
		playing.Go(func() { rounds[i].play(ctx, job.fault, &outcomes[i]) })
	}
	playing.Wait()
	if ctx.Err() != nil {
		return ctx.Err() // an interrupted round says nothing
	}
	for i, job := range jobs {
		b.took[job.fault.name] = time.Duration(outcomes[i].Seconds * float64(time.Second) / float64(len(jobs)))
		fmt.Fprintln(b.out, line(outcomes[i]))
		if err := appendResult(b.opts.results, outcomes[i]); err != nil {
			return err
		}
		if outcomes[i].Failed == "" {
			continue
		}
		if err := b.stage.remove(ctx, job.arm); err != nil {
			return err
		}
	}
	return nil
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
