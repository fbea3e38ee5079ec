// SPDX-License-Identifier: Apache-2.0

package app

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"strings"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// list is a flag that may be given several times.
type list []string

func (l *list) String() string { return strings.Join(*l, ",") }

func (l *list) Set(value string) error {
	if value == "" {
		return errors.New("is empty")
	}
	*l = append(*l, value)
	return nil
}

// parse reads the flags of a command. A mistake, or an argument that is not a flag, is a usageError; flag.ErrHelp reports
// that help was asked for and printed.
func parse(flags *flag.FlagSet, p Process) error {
	flags.SetOutput(p.Stderr)
	switch err := flags.Parse(p.Args); {
	case errors.Is(err, flag.ErrHelp):
		return err
	case err != nil:
		return usageError{err}
	case flags.NArg() > 0:
		return usageError{fmt.Errorf("%s: unexpected argument %q", flags.Name(), flags.Arg(0))}
	}
	return nil
}

// installation is where the webhook is installed, and what its objects are called.
type installation struct {
	// namespace of the webhook.
	namespace string
	// name of its Service; begins the names of everything else of it.
	name string
	// service overrides the name of the Service.
	service string
	// configurations are the MutatingWebhookConfigurations.
	configurations list
}

func (i *installation) register(flags *flag.FlagSet, getenv func(string) string) {
	flags.StringVar(&i.namespace, "namespace", getenv("POD_NAMESPACE"), "namespace of the webhook (default $POD_NAMESPACE)")
	flags.StringVar(&i.name, "name", contract.FieldManager, "name of the webhook's objects")
	flags.StringVar(&i.service, "service", "", "name of the webhook's Service (default: --name)")
	flags.Var(&i.configurations, "configuration", "name of a MutatingWebhookConfiguration of the webhook; may be repeated (default: those of the chart)")
}

// complete fills in what depends on other flags.
func (i *installation) complete() error {
	if i.namespace == "" {
		return usageError{errors.New("the namespace of the webhook is unknown: give --namespace or set POD_NAMESPACE")}
	}
	i.service = cmp.Or(i.service, i.name)
	if len(i.configurations) == 0 {
		for _, part := range []string{"pods", "namespace-pods", "statefulsets", "namespace-statefulsets", "scale"} {
			i.configurations = append(i.configurations, i.name+"-"+part)
		}
	}
	return nil
}

func (i *installation) authoritySecret() string { return i.name + "-ca" }
func (i *installation) keySecret() string       { return i.name + "-key" }
func (i *installation) hookSecret() string      { return i.name + "-hook" }

// labelsRole is the ClusterRole of provision.LabelsRules.
func (i *installation) labelsRole() string { return i.name + "-role-labels" }
