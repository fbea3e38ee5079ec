// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/discovery"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// checkTimeout bounds all questions together.
const checkTimeout = 30 * time.Second

// checker asks an API server about an installed webhook, one question after the other.
type checker struct {
	installation
	client    client.Client
	discovery discovery.DiscoveryInterface
	policy    string
	image     string
	out       io.Writer
	now       time.Time
	// failed counts the questions whose answer is bad.
	failed int
}

// check prints a line for each question; it fails if one answer is bad. A question that may not be asked is not bad.
func check(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error {
	var c checker
	flags := flag.NewFlagSet("check", flag.ContinueOnError)
	c.register(flags, getenv)
	flags.StringVar(&c.policy, "policy", "", "policy file to check too")
	flags.StringVar(&c.image, "agent-image", "", "image of the agent, where the policy file names none")
	rights := flags.Bool("rights", false, "check the rights of the account that asks, as the webhook needs them")
	if help, err := parse(flags, args, stderr); help || err != nil {
		return err
	}
	if err := c.complete(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	c.out, c.now = stdout, time.Now()
	if c.policy != "" {
		c.ask("policy file", c.policyFile)
	}
	if err := c.connect(); err != nil {
		return err
	}
	c.ask("API server", c.server)
	c.ask("replicas", func() (string, error) { return c.replicas(ctx) })
	for _, name := range c.configurations {
		c.ask("MutatingWebhookConfiguration "+name, func() (string, error) { return c.configuration(ctx, name) })
	}
	c.ask("authority", func() (string, error) { return c.authority(ctx) })
	c.ask("injected pods", func() (string, error) { return c.skew(ctx) })
	if *rights {
		c.rights(ctx)
	}
	if c.failed > 0 {
		return fmt.Errorf("%d checks failed", c.failed)
	}
	return nil
}

func (c *checker) connect() error {
	cfg, err := ctrl.GetConfig()
	if err != nil {
		return fmt.Errorf("finding the API server: %w", err)
	}
	scheme, err := newScheme()
	if err != nil {
		return fmt.Errorf("building the scheme: %w", err)
	}
	if c.client, err = client.New(cfg, client.Options{Scheme: scheme, Mapper: newMapper()}); err != nil {
		return fmt.Errorf("building a client: %w", err)
	}
	if c.discovery, err = discovery.NewDiscoveryClientForConfig(cfg); err != nil {
		return fmt.Errorf("building a client: %w", err)
	}
	return nil
}

// errUnknown marks an answer that this account may not get.
var errUnknown = errors.New("not known")

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
	text, err := readPolicy(c.policy)
	if err != nil {
		return "", err
	}
	p, err := parsePolicy(text, c.image)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("can be used, lists %d Sentinel sets", len(p.Sets())), nil
}

func (c *checker) server() (string, error) {
	info, err := c.discovery.ServerVersion()
	if err != nil {
		return "", fmt.Errorf("cannot be reached: %w", err)
	}
	return checkServerVersion(info.Major, info.Minor, info.GitVersion)
}

func (c *checker) replicas(ctx context.Context) (string, error) {
	pods := &corev1.PodList{}
	err := c.client.List(ctx, pods, client.InNamespace(c.namespace), client.MatchingLabels{"app.kubernetes.io/component": "webhook"})
	if err != nil {
		return "", unknownIfForbidden(err)
	}
	return countReady(pods.Items)
}
