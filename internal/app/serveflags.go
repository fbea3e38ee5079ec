// SPDX-License-Identifier: Apache-2.0

package app

import (
	"errors"
	"flag"
	"fmt"
	"log/slog"
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
