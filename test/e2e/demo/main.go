// SPDX-License-Identifier: Apache-2.0

// The demo labels a plain Redis StatefulSet, waits until it is a group, writes to it through Sentinel, kills the master's
// pod and shows what happened, with times. It exits 0 only if a new master was found, the old one came back as a replica
// and no acknowledged write was lost.
package main

import (
	"context"
	"flag"
	"io"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
)

type options struct {
	// example is the file, folder or kustomization with one StatefulSet of Redis.
	example string
	// namespace is where the example is applied when its files name none; the demo deletes and recreates it.
	namespace string
	// kubeconfig is the cluster's.
	kubeconfig string
}

func main() { world.Main("demo", run) }

func run(ctx context.Context, arguments []string, getenv func(string) string, out io.Writer) error {
	var opts options
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.StringVar(&opts.example, "example", "examples/quickstart", "`path` of a file, folder or kustomization with one StatefulSet of Redis")
	flags.StringVar(&opts.namespace, "namespace", "quickstart", "namespace that the demo deletes and makes, unless the example's files name one")
	flags.StringVar(&opts.kubeconfig, "kubeconfig", getenv("KUBECONFIG"), "`file` of the cluster")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	w, err := world.Connect(ctx, opts.kubeconfig)
	if err != nil {
		return err
	}
	defer w.Close()
	return (&show{world: w, options: opts, line: timeline{out: out}}).play(ctx)
}
