// SPDX-License-Identifier: Apache-2.0

// Command clients lets clients of several languages write to a group, through Sentinel and through the master Service, while its
// master changes, and tells what each of them saw. It needs a cluster with the chart, and this machine has to be its node. With
// -write it puts the programs' own text into the page as its samples, and needs nothing.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
)

//go:generate go run . -write ../../docs/clients.md

type options struct {
	// kubeconfig is the cluster's.
	kubeconfig string
	// namespace is made for the group, and removed afterwards.
	namespace string
	// rounds is how often each fault happens.
	rounds int
	// write is a page whose samples are written; nothing is measured then.
	write string
	// page is a page whose tables are written from what was measured; empty: they are printed only.
	page string
}

func main() { world.Main("clients", run) }

func run(ctx context.Context, arguments []string, getenv func(string) string, out io.Writer) error {
	var opts options
	flags := flag.NewFlagSet("clients", flag.ContinueOnError)
	flags.StringVar(&opts.kubeconfig, "kubeconfig", getenv("KUBECONFIG"), "`file` of the cluster")
	flags.StringVar(&opts.namespace, "namespace", "clients", "namespace that is made and removed")
	flags.IntVar(&opts.rounds, "rounds", 5, "how often each fault happens")
	flags.StringVar(&opts.write, "write", "", "`page` whose samples are written from the programs; nothing is measured")
	flags.StringVar(&opts.page, "page", "", "`page` whose tables are written from what is measured")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if opts.write != "" {
		return writeSamples(opts.write, "programs")
	}
	return measure(ctx, opts, out)
}

// measure installs the clients, forms a group, and lets its master change while they write.
func measure(ctx context.Context, opts options, out io.Writer) error {
	w, err := world.ConnectWithNode(ctx, opts.kubeconfig)
	if err != nil {
		return err
	}
	defer w.Close()
	clients, err := install(ctx)
	if err != nil {
		return err
	}
	group, err := form(ctx, w, opts.namespace)
	if err != nil {
		return err
	}
	t := &trial{world: w, group: group, out: out, results: map[key]*result{}}
	err = t.play(ctx, clients, opts.rounds)
	report := t.report(opts.rounds)
	fmt.Fprintln(out, report)
	if err == nil && opts.page != "" {
		err = writeBlock(opts.page, "measured", report)
	}
	return errors.Join(err, w.DeleteNamespace(context.WithoutCancel(ctx), group.Namespace))
}
