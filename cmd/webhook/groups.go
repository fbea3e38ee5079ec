// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// askWithin bounds the questions of one command to the API server.
const askWithin = 30 * time.Second

// groups lists the groups of the cluster. The chart's hook prints it when the release is removed.
func groups(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("groups", flag.ContinueOnError)
	leaving := flags.Bool("leaving", false, "say what becomes of them when the webhook is removed")
	if help, err := parse(flags, args, stderr); help || err != nil {
		return err
	}
	c, err := newClient()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	return listGroups(ctx, c, *leaving, stdout)
}

// newClient reads and writes without a cache.
func newClient() (client.Client, error) {
	cfg, err := ctrl.GetConfig()
	if err != nil {
		return nil, fmt.Errorf("finding the API server: %w", err)
	}
	scheme, err := newScheme()
	if err != nil {
		return nil, fmt.Errorf("building the scheme: %w", err)
	}
	c, err := client.New(cfg, client.Options{Scheme: scheme, Mapper: newMapper()})
	if err != nil {
		return nil, fmt.Errorf("building a client: %w", err)
	}
	return c, nil
}

// listGroups prints a line for each record.
func listGroups(ctx context.Context, c client.Reader, leaving bool, out io.Writer) error {
	var records coordinationv1.LeaseList
	if err := c.List(ctx, &records, client.HasLabels{contract.LabelGroup, contract.LabelManaged}); err != nil {
		return fmt.Errorf("listing the records of groups: %w", err)
	}
	if len(records.Items) == 0 {
		_, err := fmt.Fprintln(out, "There are no groups.")
		return err
	}
	slices.SortFunc(records.Items, func(a, b coordinationv1.Lease) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NAMESPACE\tSTATEFULSET\tMASTER\tSENTINELS")
	for _, record := range records.Items {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", record.Namespace, record.Labels[contract.LabelGroup], holderOf(record), sentinelsOf(record))
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("printing the groups: %w", err)
	}
	if leaving {
		fmt.Fprintf(out, `
These groups keep their roles and their data, and go on serving. But from now on a pod of theirs that is replaced starts as
the plain Redis of its StatefulSet, alone and as a master, and groups whose Sentinels go with this release do not fail over.
Install the release again before pods are replaced, or take every group out first:
  kubectl annotate statefulset NAME %s=%s
  kubectl label statefulset NAME %s-
`, contract.AnnotationRelease, contract.ReleaseConfirmed, contract.LabelOptIn)
	}
	return nil
}

func holderOf(record coordinationv1.Lease) string {
	if holder := record.Spec.HolderIdentity; holder != nil && *holder != "" {
		return *holder
	}
	return "none yet"
}

func sentinelsOf(record coordinationv1.Lease) string {
	settings, err := contract.DecodeGroupSettings(record.Annotations[contract.RecordSettings])
	if err != nil || settings.Sentinels.Name == "" {
		return "unknown"
	}
	return settings.Sentinels.Namespace + "/" + settings.Sentinels.Name
}
