// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/admit"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/policy"
)

// inject prints the objects of a file as they would be after admission. Without the server's key the preStop hook is
// missing, as a warning says.
func inject(ctx context.Context, p Process) error {
	var source policySource
	var namespaceLabels list
	in := injector{stderr: p.Stderr}
	flags := flag.NewFlagSet("inject", flag.ContinueOnError)
	file := flags.String("f", "", "file with Pods and StatefulSets in YAML; - is standard input")
	source.register(flags, "policy file (default: the chart's Sentinel set watches everything)", "redis-sentinel-webhook:"+p.Version)
	flags.StringVar(&in.namespace, "namespace", "default", "namespace of objects that name none")
	flags.Var(&namespaceLabels, "namespace-label", "label of the namespace, as key=value; may be repeated")
	if err := parse(flags, p); err != nil {
		return err
	}
	if *file == "" {
		return usageError{errors.New("inject needs -f FILE")}
	}
	holds, err := source.load()
	if err != nil {
		return err
	}
	labels, err := pairs(namespaceLabels)
	if err != nil {
		return err
	}
	in.reviewer = admit.Reviewer{
		Policy:          func() *policy.Policy { return holds },
		NamespaceLabels: func(context.Context, string) (map[string]string, error) { return labels, nil },
		Version:         p.Version,
	}
	if *file == "-" {
		return in.stream(ctx, p.Stdin, p.Stdout)
	}
	opened, err := os.Open(*file)
	if err != nil {
		return fmt.Errorf("reading objects: %w", err)
	}
	defer opened.Close()
	return in.stream(ctx, opened, p.Stdout)
}

func pairs(written list) (map[string]string, error) {
	out := map[string]string{}
	for _, pair := range written {
		key, value, ok := strings.Cut(pair, "=")
		if !ok {
			return nil, usageError{fmt.Errorf("--namespace-label %q is not key=value", pair)}
		}
		out[key] = value
	}
	return out, nil
}
