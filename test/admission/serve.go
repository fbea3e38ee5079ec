// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/admit"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/mutate"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/policy"
	webhook "github.com/redis-sentinel/redis-sentinel-webhook/internal/serving"
)

const policyText = `apiVersion: redis-sentinel.dev/v1alpha1
kind: Policy
defaults: {agent: {image: "redis-sentinel-webhook:dev"}}
sentinelSets: [{namespace: system, name: redis-sentinel, namespaces: ["*"]}]
`

// pathEmpty is where the handler is that does nothing.
const pathEmpty = "/empty"

// nothing provisions nothing: what the API server takes for that is not the webhook's time.
type nothing struct{}

func (nothing) Ensure(context.Context, mutate.Group) error { return nil }

// serve serves until its standard input ends, and says on standard output where, and by which authority.
func serve(ctx context.Context) error {
	holds, err := policy.Parse([]byte(policyText))
	if err != nil {
		return err
	}
	if os.Getenv("GOGC") == "" {
		webhook.PaceCollector(time.Now) //nolint:forbidigo // the program's own
	}
	mux := http.NewServeMux()
	(&admit.Server{
		Reviewer: admit.Reviewer{
			Policy: func() *policy.Policy { return holds }, HookKey: []byte("0123456789abcdef0123456789abcdef"), Version: "bench",
			NamespaceLabels: func(context.Context, string) (map[string]string, error) { return nil, nil },
		},
		Provisioner: nothing{}, Metrics: admit.NewMetrics(prometheus.NewRegistry()), Log: logr.Discard(), Now: time.Now, //nolint:forbidigo // the program's own
	}).Register(mux)
	mux.HandleFunc(pathEmpty, empty)

	const name = "localhost"
	authority, err := webhook.NewAuthority(name, time.Now(), time.Hour) //nolint:forbidigo // the program's own
	if err != nil {
		return err
	}
	leaf, err := authority.Leaf([]string{name}, time.Now(), time.Hour) //nolint:forbidigo // the program's own
	if err != nil {
		return err
	}
	config := &tls.Config{Certificates: []tls.Certificate{*leaf}, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}, DynamicRecordSizingDisabled: true} // as the webhook serves
	address, err := freeAddress(ctx)
	if err != nil {
		return err
	}
	server, err := webhook.Listen(ctx, "admissions", address, config, mux, time.Now, logr.Discard()) //nolint:forbidigo // the program's own
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- server.Start(ctx) }()
	fmt.Printf("%s\n%s.\n", address, authority.Bundle(time.Now())) //nolint:forbidigo // the program's own
	_, err = io.Copy(io.Discard, os.Stdin)
	cancel()
	return errors.Join(err, <-done)
}

// freeAddress is one that nothing listens at.
func freeAddress(ctx context.Context) (string, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

// empty reads a review, and lets everything through.
func empty(w http.ResponseWriter, r *http.Request) {
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprint(w, `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":"1","allowed":true}}`)
}

// child is the process that serves.
type child struct {
	command *exec.Cmd
	stdin   io.Closer
	client  *http.Client
	paths   map[string]string
}

func start(ctx context.Context) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := &child{command: exec.CommandContext(ctx, self, "-serve")}
	c.command.Stderr = os.Stderr
	stdin, err := c.command.StdinPipe()
	if err != nil {
		return nil, err
	}
	c.stdin = stdin
	stdout, err := c.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err = c.command.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(stdout)
	if !lines.Scan() {
		c.stop()
		return nil, errors.New("the serving process says nothing")
	}
	address, authority := lines.Text(), ""
	for lines.Scan() && lines.Text() != "." {
		authority += lines.Text() + "\n"
	}
	if c.client, err = clientOf(authority); err != nil {
		c.stop()
		return nil, err
	}
	port := address[strings.LastIndex(address, ":"):]
	c.paths = map[string]string{"webhook": "https://localhost" + port + contract.PathMutatePods, "empty": "https://localhost" + port + pathEmpty}
	return c, nil
}

// stop ends the process, by closing what it reads.
func (c *child) stop() {
	_ = c.stdin.Close() // it ends with that, and its error says the rest
	_ = c.command.Wait()
}
