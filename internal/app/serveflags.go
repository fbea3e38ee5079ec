// SPDX-License-Identifier: Apache-2.0

package app

import (
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// serveOptions are the flags of serve.
type serveOptions struct {
	installation
	policy policySource
	// port of the admission server.
	port int
	// metricsAddress and healthAddress to listen on; "0" switches metrics off.
	metricsAddress, healthAddress string
	// excludedNamespaces, with commas between them, are left alone whoever asks, and so is the webhook's own.
	excludedNamespaces string
	// clientCA is a file with the authorities of API servers' client certificates; empty: none are asked for. clientNames
	// are the common names among those that they sign; empty: all.
	clientCA    string
	clientNames list
	// shutdownDelay is how long a stopping replica goes on serving.
	shutdownDelay time.Duration
	// leaderElection is off only where a single replica runs outside of a cluster.
	leaderElection bool
	// certDir holds tls.crt and tls.key that another tool manages; then caBundle is that tool's, too.
	certDir string
	// names are further names in the serving certificate.
	names list
	// leafLifetime of the serving certificate.
	leafLifetime time.Duration
	logLevel     slog.Level
	// version of the webhook, and its clock.
	version string
	now     func() time.Time
}

func parseServe(p Process) (serveOptions, error) {
	o := serveOptions{version: p.Version, now: p.Now}
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	o.register(flags, p.Getenv)
	o.policy.register(flags, "policy file; a change is loaded without a restart", "")
	flags.IntVar(&o.port, "port", 10250, "port of the admission server")
	flags.StringVar(&o.metricsAddress, "metrics-address", ":8080", "address of /metrics; 0 switches it off")
	flags.StringVar(&o.healthAddress, "health-address", ":8081", "address of /healthz and /readyz")
	flags.StringVar(&o.excludedNamespaces, "excluded-namespaces", "", "namespaces, with commas between them, whose objects are let through unchanged and where nothing is made; the webhook's own is always one")
	flags.StringVar(&o.clientCA, "client-ca", "", "file with the authorities (PEM) of the client certificates that API servers present; then nobody else may connect")
	flags.Var(&o.clientNames, "client-name", "common name of a client certificate that may connect; may be repeated (default: every one that --client-ca signed)")
	flags.DurationVar(&o.shutdownDelay, "shutdown-delay", 5*time.Second, "how long to go on serving after SIGTERM")
	flags.BoolVar(&o.leaderElection, "leader-election", true, "elect the replica that repairs and removes")
	flags.StringVar(&o.certDir, "cert-dir", "", "directory with tls.crt and tls.key managed by another tool, which also manages caBundle")
	flags.Var(&o.names, "dns-name", "further DNS name or IP address in the serving certificate; may be repeated")
	flags.DurationVar(&o.leafLifetime, "certificate-lifetime", 7*24*time.Hour, "life of the serving certificate, which is renewed after two thirds of it")
	flags.TextVar(&o.logLevel, "log-level", slog.LevelInfo, "debug or info")
	if err := parse(flags, p); err != nil {
		return o, err
	}
	if o.policy == (policySource{}) {
		return o, usageError{errors.New("serve needs --policy, or at least --agent-image")}
	}
	if len(o.clientNames) > 0 && o.clientCA == "" {
		return o, usageError{errors.New("--client-name needs --client-ca, which says who may sign the certificate")}
	}
	if o.port < 1 || o.port > 65535 {
		return o, usageError{fmt.Errorf("--port %d is not a port: choose one from 1 to 65535", o.port)}
	}
	return o, o.complete()
}

// dnsNames are the names that the API server, and people who debug, call the Service by.
func (o *serveOptions) dnsNames() []string {
	base := o.service + "." + o.namespace
	return append([]string{base + ".svc", base, base + ".svc.cluster.local", o.service, "localhost", "127.0.0.1"}, o.names...)
}

// excluded are the namespaces that are left alone. The webhook's own is one of them: a webhook that needed itself to start
// could not be repaired.
func (o *serveOptions) excluded() map[string]bool {
	out := map[string]bool{o.namespace: true}
	for namespace := range strings.SplitSeq(o.excludedNamespaces, ",") {
		if namespace != "" {
			out[namespace] = true
		}
	}
	return out
}
