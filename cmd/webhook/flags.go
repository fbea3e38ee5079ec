// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

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

// parse reads flags; a mistake, or an argument that is no flag, is a usageError. Asked for help, it prints it and tells so.
func parse(flags *flag.FlagSet, args []string, stderr io.Writer) (help bool, err error) {
	flags.SetOutput(stderr)
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return true, nil
	case err != nil:
		return false, usageError{err}
	case flags.NArg() > 0:
		return false, usageError{fmt.Errorf("%s: unexpected argument %q", flags.Name(), flags.Arg(0))}
	}
	return false, nil
}

// installation says where the webhook is installed and what its objects are called.
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
	flags.Var(&i.configurations, "configuration", "name of a MutatingWebhookConfiguration of the webhook; may be repeated (default: the four of the chart)")
}

// complete fills in what depends on other flags.
func (i *installation) complete() error {
	if i.namespace == "" {
		return usageError{errors.New("the namespace of the webhook is not known: give --namespace or set POD_NAMESPACE")}
	}
	if i.service == "" {
		i.service = i.name
	}
	if len(i.configurations) == 0 {
		for _, part := range []string{"pods", "namespace-pods", "statefulsets", "namespace-statefulsets"} {
			i.configurations = append(i.configurations, i.name+"-"+part)
		}
	}
	return nil
}

func (i *installation) authoritySecret() string { return i.name + "-ca" }
func (i *installation) hookSecret() string      { return i.name + "-hook" }

// serveOptions are the flags of serve.
type serveOptions struct {
	installation
	// policy is the policy file; empty: the defaults of emptyPolicy.
	policy string
	// agentImage is the agent's image where the policy file names none.
	agentImage string
	// port of the admission server.
	port int
	// metricsAddress and healthAddress to listen on; "0" switches metrics off.
	metricsAddress, healthAddress string
	// shutdownDelay is how long a stopping replica goes on serving.
	shutdownDelay time.Duration
	// leaderElection is off only where a single replica runs outside of a cluster.
	leaderElection bool
	// certDir holds tls.crt and tls.key that somebody else keeps; then caBundle is somebody else's, too.
	certDir string
	// names are further names in the serving certificate.
	names list
	// leafLifetime of the serving certificate.
	leafLifetime time.Duration
	logLevel     slog.Level
}

func parseServe(args []string, getenv func(string) string, stderr io.Writer) (o serveOptions, help bool, err error) {
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	o.register(flags, getenv)
	flags.StringVar(&o.policy, "policy", "", "policy file; a change is loaded without a restart")
	flags.StringVar(&o.agentImage, "agent-image", "", "image of the agent, where the policy file names none")
	flags.IntVar(&o.port, "port", 10250, "port of the admission server")
	flags.StringVar(&o.metricsAddress, "metrics-address", ":8080", "address of /metrics; 0 switches it off")
	flags.StringVar(&o.healthAddress, "health-address", ":8081", "address of /healthz and /readyz")
	flags.DurationVar(&o.shutdownDelay, "shutdown-delay", 5*time.Second, "how long to go on serving after SIGTERM")
	flags.BoolVar(&o.leaderElection, "leader-election", true, "elect the replica that repairs and removes")
	flags.StringVar(&o.certDir, "cert-dir", "", "directory with tls.crt and tls.key kept by somebody else, who also keeps caBundle")
	flags.Var(&o.names, "dns-name", "further DNS name or IP address in the serving certificate; may be repeated")
	flags.DurationVar(&o.leafLifetime, "certificate-lifetime", 7*24*time.Hour, "life of the serving certificate, which is renewed after two thirds of it")
	flags.TextVar(&o.logLevel, "log-level", slog.LevelInfo, "debug or info")
	if help, err = parse(flags, args, stderr); help || err != nil {
		return o, help, err
	}
	if o.policy == "" && o.agentImage == "" {
		return o, false, usageError{errors.New("serve needs --policy, or at least --agent-image")}
	}
	if o.port < 1 || o.port > 65535 {
		return o, false, usageError{fmt.Errorf("--port %d is no port", o.port)}
	}
	return o, false, o.complete()
}

// dnsNames are the names that the API server, and people who debug, call the Service by.
func (o *serveOptions) dnsNames() []string {
	base := o.service + "." + o.namespace
	return append([]string{base + ".svc", base, base + ".svc.cluster.local", o.service, "localhost", "127.0.0.1"}, o.names...)
}
