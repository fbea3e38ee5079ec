// SPDX-License-Identifier: Apache-2.0

// Failover measures what clients notice of each change of master, planned or not, beside Sentinel without us and, with Valkey 9, beside
// its coordinated failover: on the same cluster, in the same run, round by round, in turn or, where that takes seconds, at the same
// time. Its results are appended to a file as they come, so that a run can be interrupted and taken up again; the page and the picture
// are made from that file.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/debian"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/failover/load"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
)

type options struct {
	// faults and arms are names with commas between them; empty: all.
	faults, arms string
	// rounds is how often each fault is done to each arm.
	rounds int
	// rate is writes per second of each writer.
	rate int
	// image is that of the servers.
	image string
	// results is the file that rounds are appended to and read from.
	results string
	// ownSentinels gives our arm a Sentinel set of its own.
	ownSentinels bool
	// minReplicas lets plain masters refuse writes without a replica, as Redis' documentation offers and few charts do.
	minReplicas bool
	// page and picture are what render writes.
	page, picture string
	kubeconfig    string
}

func main() { world.Main("failover", run) }

func run(ctx context.Context, arguments []string, getenv func(string) string, out io.Writer) error {
	command := "run"
	if len(arguments) > 0 && !strings.HasPrefix(arguments[0], "-") {
		command, arguments = arguments[0], arguments[1:]
	}
	var opts options
	flags := flag.NewFlagSet("failover "+command, flag.ContinueOnError)
	flags.StringVar(&opts.faults, "faults", "", "names of faults, with commas; all without: "+names())
	flags.StringVar(&opts.arms, "arms", "", "names of arms, with commas; without: ours,plain, and coordinated where the server is Valkey")
	flags.IntVar(&opts.rounds, "rounds", 20, "rounds of each fault and arm; those that the results have count")
	flags.IntVar(&opts.rate, "rate", 250, "writes per second of each writer")
	flags.StringVar(&opts.image, "image", "redis:7.0", "image of the servers")
	flags.StringVar(&opts.results, "results", "docs/bench/failover.jsonl", "file with a line for each round")
	flags.BoolVar(&opts.ownSentinels, "own-sentinels", false, "give our arm Sentinels of its own instead of the chart's")
	flags.BoolVar(&opts.minReplicas, "plain-min-replicas", false, "give the plain arms min-replicas-to-write 1, by which they lose less and stand still longer")
	flags.StringVar(&opts.page, "page", "docs/bench/failover.md", "page that render writes")
	flags.StringVar(&opts.picture, "picture", "docs/bench/failover.svg", "picture that render writes")
	flags.StringVar(&opts.kubeconfig, "kubeconfig", getenv("KUBECONFIG"), "file of the cluster")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	switch command {
	case "serve":
		return (&load.Server{}).Serve(ctx)
	case "render":
		return renderPage(opts)
	case "valkey":
		return valkeyRoot(ctx, out)
	case "run":
		return bench(ctx, opts, out)
	}
	return fmt.Errorf("unknown command %q: run, render, valkey or serve", command)
}

// valkeyRoot downloads Valkey 9.1 where it is not there yet, and prints the directory that an image of it can be made of.
func valkeyRoot(ctx context.Context, out io.Writer) error {
	root, err := debian.Root(ctx, "forky")
	if err == nil {
		fmt.Fprintln(out, root)
	}
	return err
}

// names are those of all faults.
func names() string {
	all := make([]string, len(faults))
	for i, f := range faults {
		all[i] = f.name
	}
	return strings.Join(all, ",")
}
