// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// agent is where the code of the agents is.
const agent = "internal/bootstrap/"

// longest is the usual bound of the tests of one mutant.
const longest = 10 * time.Minute

// options are what a run was asked for.
type options struct {
	// packages are directories, or single files, that are changed, and users the packages whose tests see what they do.
	packages, users string
	// sample is how many mutants are drawn with seed; 0 draws none, less than 0 all.
	sample int
	seed   uint64
	// chosen is a file of chosen mutants; empty for none.
	chosen string
	// only keeps the mutants whose name it matches, and list tells them without a trial.
	only *regexp.Regexp
	list bool
	// stories is how many seeds of the simulation each mutant meets; 0 leaves the simulation out.
	stories int
	jobs    int
	most    time.Duration
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1) //nolint:gocritic // nothing is left to undo
	}
}

func parse(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("mutants", flag.ContinueOnError)
	flags.StringVar(&o.packages, "packages", strings.Join([]string{
		agent + "decide", agent + "decide/sentinel", agent + "decide/handover", agent + "decide/access", agent + "act", agent + "record",
		agent + "redisagent/offers.go", agent + "redisagent/elections.go", agent + "redisagent/departure.go", agent + "redisagent/turn.go",
	}, ","), "directories, or files, that are changed")
	flags.StringVar(&o.users, "users", strings.Join([]string{agent + "decide", agent + "decide/handover", agent + "act", agent + "redisagent"}, ","), "packages whose tests meet each mutant after its own")
	flags.IntVar(&o.sample, "sample", 150, "how many mutants to draw; 0 for none, -1 for all")
	flags.Uint64Var(&o.seed, "seed", 1, "what they are drawn with")
	flags.StringVar(&o.chosen, "chosen", "tools/mutants/chosen.txt", "a file of chosen mutants; empty for none")
	only := flags.String("only", "", "a regular expression; keep the mutants whose name it matches")
	flags.BoolVar(&o.list, "list", false, "list mutants, and try none")
	flags.IntVar(&o.stories, "stories", 500, "seeds of the simulation that each mutant meets; 0 leaves the simulation out, which takes the longest")
	flags.IntVar(&o.jobs, "jobs", 2, "mutants at a time")
	flags.DurationVar(&o.most, "most", longest, "the longest that tests of one mutant may take")
	if err := flags.Parse(args); err != nil {
		return o, fmt.Errorf("reading flags: %w", err)
	}
	var err error
	if o.only, err = regexp.Compile(*only); err != nil {
		return o, fmt.Errorf("reading -only: %w", err)
	}
	return o, nil
}

func run(ctx context.Context, args []string, out io.Writer) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	root, err := moduleRoot(ctx)
	if err != nil {
		return err
	}
	mutants, err := gather(o, root, out)
	if err != nil {
		return err
	}
	if o.list {
		for _, m := range mutants {
			fmt.Fprintln(out, m)
		}
		return nil
	}
	dir, err := os.MkdirTemp("", "mutants-")
	if err != nil {
		return fmt.Errorf("making room for mutants: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }() // it is temporary anyway
	users := strings.Split(o.users, ",")
	simulation := agent + "simtest"
	l := &laboratory{root: root, dir: dir, most: o.most, stages: []stage{{"users", users, []string{"-short"}}}}
	if o.stories > 0 {
		l.stages = append(l.stages, stage{"stories", []string{simulation}, []string{"-skip", "^Test(PlantedDecidersAreCaught|Determinism)$", "-sim.seeds=" + strconv.Itoa(o.stories)}})
	}
	tested := append(users, simulation)
	for _, m := range mutants {
		tested = append(tested, m.pkg())
	}
	slices.Sort(tested)
	if l.testsOf, err = imports(ctx, root, slices.Compact(tested)); err != nil {
		return err
	}
	verdicts, err := l.tryAll(ctx, mutants, o.jobs, out)
	report(out, root, verdicts)
	return err
}

// gather draws a sample and adds the chosen ones.
func gather(o options, root string, out io.Writer) ([]mutant, error) {
	var mutants []mutant
	if o.sample != 0 {
		all, err := find(root, strings.Split(o.packages, ","))
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(out, "%d possible mutants\n", len(all))
		if o.sample > 0 {
			rand.New(rand.NewPCG(o.seed, 0)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] }) //nolint:gosec // the same each time
			all = all[:min(o.sample, len(all))]
		}
		mutants = all
	}
	if o.chosen != "" {
		more, gone, err := chosen(root, filepath.Join(root, o.chosen))
		if err != nil {
			return nil, err
		}
		for _, g := range gone {
			fmt.Fprintf(out, "does not fit the code any more: %s\n", g)
		}
		mutants = append(mutants, more...)
	}
	return slices.DeleteFunc(mutants, func(m mutant) bool { return !o.only.MatchString(m.String()) }), nil
}

// tryAll tries mutants, some at a time, and tells of each.
func (l *laboratory) tryAll(ctx context.Context, mutants []mutant, jobs int, out io.Writer) ([]verdict, error) {
	var mu sync.Mutex
	var verdicts []verdict
	var failed error
	var workers sync.WaitGroup
	numbers := make(chan int)
	for range jobs {
		workers.Go(func() {
			for n := range numbers {
				v, err := l.try(ctx, n, mutants[n])
				mu.Lock()
				if err != nil && failed == nil {
					failed = err
				}
				if err == nil {
					verdicts = append(verdicts, v)
					fmt.Fprintf(out, "%d/%d %s: %s\n", len(verdicts), len(mutants), v.mutant, v)
				}
				mu.Unlock()
			}
		})
	}
	for n := range mutants {
		if ctx.Err() != nil {
			break
		}
		numbers <- n
	}
	close(numbers)
	workers.Wait()
	return verdicts, failed
}

// moduleRoot is the directory of the main module, above that of the tools.
func moduleRoot(ctx context.Context) (string, error) {
	output, err := exec.CommandContext(ctx, "git", "rev-parse", "--show-toplevel").Output()
	if err != nil {
		return "", fmt.Errorf("finding the repository: %w", err)
	}
	return strings.TrimSpace(string(output)), nil
}
