// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"k8s.io/client-go/discovery"
)

// checker asks an API server about an installed webhook, one question after the other.
type checker struct {
	installation
	policy  policySource
	rights  bool
	version string
	now     time.Time
	out     io.Writer
	// failed counts the questions whose answer is bad.
	failed int
}

// check prints a line for each question; it fails if one answer is bad. A question that may not be asked is not bad.
func check(ctx context.Context, p Process) error {
	c := checker{version: p.Version, now: p.Now(), out: p.Stdout}
	flags := flag.NewFlagSet("check", flag.ContinueOnError)
	c.register(flags, p.Getenv)
	c.policy.register(flags, "policy file to check too", "")
	flags.BoolVar(&c.rights, "rights", false, "check the rights of the account that asks, as the webhook needs them")
	if err := parse(flags, p); err != nil {
		return err
	}
	if err := c.complete(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	if c.policy.path != "" {
		c.ask("policy file", c.policyFile)
	}
	if err := c.askCluster(ctx); err != nil {
		return err
	}
	if c.failed > 0 {
		return fmt.Errorf("%d checks failed", c.failed)
	}
	return nil
}

// askCluster asks everything that the API server knows.
func (c *checker) askCluster(ctx context.Context) error {
	cfg, err := findCluster()
	if err != nil {
		return err
	}
	server, err := discovery.NewDiscoveryClientForConfig(cfg)
	if err != nil {
		return fmt.Errorf("building a client: %w", err)
	}
	live, err := newClient(cfg)
	if err != nil {
		return err
	}
	c.ask("API server", func() (string, error) { return serverVersion(server) })
	c.ask("replicas", func() (string, error) { return c.replicas(ctx, live) })
	for _, name := range c.configurations {
		c.ask("MutatingWebhookConfiguration "+name, func() (string, error) { return c.configuration(ctx, live, name) })
	}
	c.ask("authority", func() (string, error) { return c.authority(ctx, live) })
	c.ask("injected pods", func() (string, error) { return c.skew(ctx, live) })
	if c.rights {
		c.askRights(ctx, live)
	}
	return nil
}

// errUnknown marks an answer that this account may not get.
var errUnknown = errors.New("unknown")

// ask prints the answer to one question.
func (c *checker) ask(question string, answer func() (string, error)) {
	said, err := answer()
	word := "ok     "
	switch {
	case errors.Is(err, errUnknown):
		word, said = "unknown", err.Error()
	case err != nil:
		c.failed++
		word, said = "FAILED ", err.Error()
	}
	fmt.Fprintf(c.out, "%s %s: %s\n", word, question, said)
}

func (c *checker) policyFile() (string, error) {
	p, err := c.policy.load()
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("is valid, lists %d Sentinel sets", len(p.Sets())), nil
}
