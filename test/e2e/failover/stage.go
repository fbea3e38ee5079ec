// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/failover/load"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/failover/measure"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
)

// clientsNamespace is where the writers run.
const clientsNamespace = "bench-clients"

// stage is what of the benchmark is in the cluster: the writers' pod, and the arms that were needed so far.
type stage struct {
	world   *world.World
	opts    options
	out     io.Writer
	clients load.Client
	volumes bool // of the arms that stand
	arms    map[string]arm
	servers map[string]string // what the servers of an arm say they are
}

func namespaceOf(arm string) string { return "bench-" + arm }

// begin removes what an earlier run left and starts the writers' pod.
func (s *stage) begin(ctx context.Context) error {
	s.arms, s.servers = map[string]arm{}, map[string]string{}
	if err := s.clear(ctx); err != nil {
		return err
	}
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding this program: %w", err)
	}
	text, err := render("clients.yaml", map[string]any{
		"Image": s.opts.image, "Folder": filepath.Dir(program), "Program": filepath.Base(program), "Port": load.Port,
	})
	if err != nil {
		return err
	}
	if err = s.apply(ctx, clientsNamespace, text); err != nil {
		return err
	}
	_, err = world.Until(ctx, wholeWithin, "the writers' pod", func(ctx context.Context) string {
		pod, failed := s.world.Client.CoreV1().Pods(clientsNamespace).Get(ctx, "clients", metav1.GetOptions{})
		if failed != nil {
			return failed.Error()
		}
		s.clients = load.Client{Host: pod.Status.PodIP}
		if !podReady(*pod) {
			return "it is not Ready: " + string(pod.Status.Phase)
		}
		return ""
	})
	return err
}

func (s *stage) apply(ctx context.Context, namespace, text string) error {
	if err := s.world.MakeNamespace(ctx, namespace, nil); err != nil {
		return err
	}
	_, err := s.world.ApplyText(ctx, namespace, text)
	return err
}

// arm returns an arm that is whole, with or without volumes, and what its servers are. Arms of the other sort are removed.
func (s *stage) arm(ctx context.Context, name string, volumes bool) (arm, string, error) {
	if volumes != s.volumes {
		for other := range s.arms {
			if err := s.remove(ctx, other); err != nil {
				return nil, "", err
			}
		}
		s.volumes = volumes
	}
	if standing, there := s.arms[name]; there {
		return standing, s.servers[name], nil
	}
	made, err := s.make(name)
	if err != nil {
		return nil, "", err
	}
	fmt.Fprintf(s.out, "making arm %s in namespace %s\n", name, namespaceOf(name))
	text, err := made.manifest()
	if err != nil {
		return nil, "", err
	}
	if err = s.apply(ctx, namespaceOf(name), text); err != nil {
		return nil, "", err
	}
	formed, err := (&round{world: s.world, arm: made}).whole(ctx, wholeWithin, nil)
	if err != nil {
		return nil, "", err
	}
	server, err := s.serverAt(ctx, formed.master.address)
	if err != nil {
		return nil, "", err
	}
	s.arms[name], s.servers[name] = made, server
	return made, server, nil
}

func (s *stage) make(name string) (arm, error) {
	with := setting{
		Namespace: namespaceOf(name), Image: s.opts.image, Master: plainMaster, Volumes: s.volumes, OwnSentinels: s.opts.ownSentinels,
		Coordinated: name == measure.Coordinated, MinReplicas: s.opts.minReplicas, DownAfter: downAfter, FailoverTimeout: failoverTimeout,
	}
	switch name {
	case measure.Ours:
		return &ours{world: s.world, with: with}, nil
	case measure.Plain, measure.Coordinated:
		return &plain{world: s.world, with: with}, nil
	}
	return nil, fmt.Errorf("no arm is called %q", name)
}

// serverAt is the product and version of a server.
func (s *stage) serverAt(ctx context.Context, address string) (string, error) {
	text, err := s.world.At(address).Info(ctx, "server").Result()
	if err != nil {
		return "", fmt.Errorf("asking %s for its version: %w", address, err)
	}
	server := ""
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		if key == "valkey_version" {
			return "Valkey " + value, nil
		}
		if key == "redis_version" {
			server = "Redis " + value
		}
	}
	return server, nil
}

// remove removes an arm, whatever state it is in: a frozen pod could not end.
func (s *stage) remove(ctx context.Context, name string) error {
	delete(s.arms, name)
	namespace := namespaceOf(name)
	pods, err := s.world.Client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("listing pods of %s: %w", namespace, err)
	}
	for _, pod := range pods.Items {
		_ = s.world.Thaw(ctx, namespace, pod.Name) // most are not frozen, some are gone
	}
	return s.world.RemoveNamespace(ctx, namespace)
}

// clear removes everything of the benchmark from the cluster.
func (s *stage) clear(ctx context.Context) error {
	var failed []error
	for _, name := range []string{measure.Ours, measure.Plain, measure.Coordinated} {
		failed = append(failed, s.remove(ctx, name))
	}
	return errors.Join(append(failed, s.world.RemoveNamespace(ctx, clientsNamespace))...)
}
