// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
)

const (
	generous     = 90 * time.Second // for what is waited for and not measured
	followWithin = 6 * time.Second  // after the group is whole again
	// example is what users copy for a group with a password.
	example         = "examples/password"
	examplePassword = "change-me"
)

// trial is one group, the programs that write to it, and what they saw.
type trial struct {
	world   *world.World
	group   world.Group
	target  target
	writers []*writer
	out     io.Writer
	clients []client
	results map[key]*result
}

// form applies the example to a namespace of its own, and waits until it is a group.
func form(ctx context.Context, w *world.World, namespace string) (world.Group, error) {
	group := world.NewGroup(namespace, "redis")
	group.Password = examplePassword
	root, err := world.Root()
	if err != nil {
		return group, err
	}
	if err = w.RemoveNamespace(ctx, namespace); err != nil {
		return group, err
	}
	if err = w.MakeNamespace(ctx, namespace, nil); err != nil {
		return group, err
	}
	if err = w.Apply(ctx, namespace, filepath.Join(root, example)); err != nil {
		return group, err
	}
	_, _, err = w.WaitFormed(ctx, group, generous)
	return group, err
}

// play starts all programs and lets each fault happen so many times, in turn.
func (t *trial) play(ctx context.Context, clients []client, rounds int) (err error) {
	t.clients = clients
	if err = t.find(ctx); err != nil {
		return err
	}
	t.writers = writers(clients)
	defer func() {
		for _, w := range t.writers {
			if w.process != nil {
				err = errors.Join(err, w.stop())
			}
		}
	}()
	for _, w := range t.writers {
		if err = w.start(ctx, t.target); err != nil {
			return err
		}
	}
	for round := range rounds {
		for _, f := range faults {
			if err = t.round(ctx, f); err != nil {
				return fmt.Errorf("%s, round %d: %w", f.name, round+1, err)
			}
		}
	}
	return nil
}

// find finds the addresses of both Services. This machine knows no names of the cluster.
func (t *trial) find(ctx context.Context) error {
	address := func(namespace, name string, port int) (string, error) {
		service, err := t.world.Client.CoreV1().Services(namespace).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return "", fmt.Errorf("finding Service %s/%s: %w", namespace, name, err)
		}
		return net.JoinHostPort(service.Spec.ClusterIP, strconv.Itoa(port)), nil
	}
	sentinel, err := address(t.group.Sentinels.Namespace, t.group.Sentinels.Name, contract.SentinelPort)
	if err != nil {
		return err
	}
	service, err := address(t.group.Namespace, t.group.StatefulSet+contract.MasterServiceSuffix, contract.RedisPort)
	t.target = target{sentinel: sentinel, service: service, master: t.group.MasterName(), password: t.group.Password}
	return err
}

// round lets one fault happen while all programs write, waits until the group is whole, and counts.
func (t *trial) round(ctx context.Context, f fault) error {
	before, _, err := t.world.WaitFormed(ctx, t.group, generous)
	if err != nil {
		return err
	}
	master, _ := before.Master()
	from := make([]int, len(t.writers))
	for i, w := range t.writers {
		from[i] = w.count()
	}
	// The programs that follow nobody any more have been started again at the end of the last round.
	if missing := t.waitWriting(ctx, from, time.Now(), 20, generous); len(missing) > 0 {
		return fmt.Errorf("before anything happened, %s wrote nothing: %s", missing[0].name, missing[0].lastWords())
	}
	watching, stop := context.WithCancel(ctx)
	var at stays
	var watch sync.WaitGroup
	watch.Go(func() { at.watch(watching, t.world, t.group) })
	began := time.Now()
	whole := time.Duration(0)
	if err = f.happens(ctx, t.world, t.group, master); err == nil {
		_, whole, err = t.world.WaitView(ctx, t.group, generous, "the group to be whole after "+f.name, func(view world.View) string { return f.over(view, master) })
	}
	stuck := t.waitWriting(ctx, from, time.Now(), 1, followWithin)
	ended := time.Now()
	stop()
	watch.Wait()
	if err != nil {
		return err
	}
	fmt.Fprintf(t.out, "%s of %s: whole after %.1f s\n", f.name, master.Pod, whole.Seconds())
	return t.count(ctx, f, from, began, ended, stuck, &at)
}

// waitWriting waits until every program had so many writes acknowledged after a moment, and returns those that had not at the limit.
func (t *trial) waitWriting(ctx context.Context, from []int, after time.Time, atLeast int, limit time.Duration) []*writer {
	var missing []*writer
	_, _ = world.Until(ctx, limit, "every program to write", func(context.Context) string {
		missing = missing[:0]
		for i, w := range t.writers {
			if w.acknowledgedAfter(from[i], after) < atLeast {
				missing = append(missing, w)
			}
		}
		if len(missing) > 0 {
			return missing[0].name
		}
		return ""
	})
	return missing
}
