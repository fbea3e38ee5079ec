// SPDX-License-Identifier: Apache-2.0

package app

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/admit"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/policy"
)

// Forms of what inject prints.
const (
	formYAML = "yaml"
	formJSON = "json"
	formDiff = "diff"
)

const injectHelp = `usage: webhook inject -f FILE [-f FILE ...] [flags]

Prints the objects of files as they would be after admission, without a cluster. A file is whatever kubectl apply takes: several
documents, lists, JSON; of a directory all that end in .yaml, .yml or .json; - is standard input. ConfigMaps, Secrets and Namespaces
beside the StatefulSets are looked at. What would be said to the user is on standard error, and where something would be refused
nothing is on standard output.

exit codes: 0 all would be admitted · 1 something would be refused, or a file cannot be read · 2 the arguments are wrong

flags:
`

// inject prints the objects of files as they would be after admission.
func inject(ctx context.Context, p Process) error {
	var source policySource
	var namespaceLabels, files list
	in := injector{stderr: p.Stderr}
	flags := flag.NewFlagSet("inject", flag.ContinueOnError)
	flags.Usage = func() {
		fmt.Fprint(p.Stderr, injectHelp)
		flags.PrintDefaults()
	}
	flags.Var(&files, "f", "file or directory with objects; - is standard input; may be repeated")
	form := flags.String("o", formYAML, "what is printed: yaml, json, or diff: only what changes")
	source.register(flags, "policy file (default: the chart's Sentinel set watches everything)", "redis-sentinel-webhook:"+p.Version)
	flags.StringVar(&in.namespace, "namespace", "default", "namespace of objects that name none")
	flags.Var(&namespaceLabels, "namespace-label", "label of every namespace, as key=value; may be repeated")
	if err := parse(flags, p); err != nil {
		return err
	}
	switch {
	case len(files) == 0:
		return usageError{errors.New("inject needs -f FILE")}
	case !slices.Contains([]string{formYAML, formJSON, formDiff}, *form):
		return usageError{fmt.Errorf("-o %q: must be %s, %s or %s", *form, formYAML, formJSON, formDiff)}
	}
	holds, err := source.load()
	if err != nil {
		return err
	}
	labels, err := pairs(namespaceLabels)
	if err != nil {
		return err
	}
	objects, err := readManifests(files, p.Stdin)
	if err != nil {
		return err
	}
	in.beside = besides(objects, in.namespace)
	in.reviewer = admit.Reviewer{
		Policy: func() *policy.Policy { return holds }, NamespaceLabels: in.beside.namespaceLabels(labels), Offline: true, Version: p.Version,
	}
	out, err := in.all(ctx, objects)
	if err != nil {
		return err
	}
	return write(p.Stdout, cmp.Or(*form, formYAML), objects, out)
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
