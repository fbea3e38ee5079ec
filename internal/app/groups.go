// SPDX-License-Identifier: Apache-2.0

package app

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	coordinationv1 "k8s.io/api/coordination/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// groups lists the groups of the cluster. The chart's hook prints it when the release is removed.
func groups(ctx context.Context, p Process) error {
	l := groupList{out: p.Stdout}
	flags := flag.NewFlagSet("groups", flag.ContinueOnError)
	flags.BoolVar(&l.leaving, "leaving", false, "explain what becomes of them when the webhook is removed")
	if err := parse(flags, p); err != nil {
		return err
	}
	c, err := connect()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	return l.print(ctx, c)
}

// groupList is how groups are printed.
type groupList struct {
	out io.Writer
	// leaving adds the farewell.
	leaving bool
}

// farewell tells what becomes of groups whose webhook is removed.
const farewell = `
These groups keep their roles and their data, and continue to serve. But from now on a pod that is replaced starts as the
plain Redis of its StatefulSet, alone and as a master, and groups whose Sentinels belong to this release do not fail over.
Install the release again before pods are replaced, or take every group out first:
  kubectl annotate statefulset NAME ` + contract.AnnotationRelease + `=` + contract.ReleaseConfirmed + `
  kubectl label statefulset NAME ` + contract.LabelOptIn + `-
`

// print prints a line for each record.
func (l groupList) print(ctx context.Context, c client.Reader) error {
	var records coordinationv1.LeaseList
	if err := c.List(ctx, &records, client.HasLabels{contract.LabelGroup, contract.LabelManaged}); err != nil {
		return fmt.Errorf("listing the records of groups: %w", err)
	}
	if len(records.Items) == 0 {
		_, err := fmt.Fprintln(l.out, "There are no groups.")
		return err
	}
	slices.SortFunc(records.Items, func(a, b coordinationv1.Lease) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	table := tabwriter.NewWriter(l.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NAMESPACE\tSTATEFULSET\tMASTER\tSENTINELS")
	for _, record := range records.Items {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", record.Namespace, record.Labels[contract.LabelGroup], holderOf(record), sentinelsOf(record))
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("printing the groups: %w", err)
	}
	if l.leaving {
		fmt.Fprint(l.out, farewell)
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
