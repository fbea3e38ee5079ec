// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
)

const (
	formWithin    = 90 * time.Second // generous: what is measured is printed
	electWithin   = 60 * time.Second
	returnWithin  = 60 * time.Second
	writesBefore  = 200 // acknowledged writes before the master is killed, and again after its successor was found
	writesInSight = 30 * time.Second
)

// show is the demonstration: its steps in order, and what one step leaves for the next.
type show struct {
	world   *world.World
	options options
	line    timeline
	group   world.Group
}

func (s *show) play(ctx context.Context) error {
	if err := s.prepare(ctx); err != nil {
		return err
	}
	s.line.begin()
	formed, err := s.form(ctx)
	if err != nil {
		return err
	}
	master, _ := formed.Master()
	writer, err := s.world.StartWriter(ctx, s.group, world.Writes{})
	if err != nil {
		return err
	}
	defer writer.Close()
	s.line.say("writing through Sentinel, 100 numbered keys a second")
	if err = s.acknowledged(ctx, writer, writesBefore); err != nil {
		return err
	}
	watched := s.killAndWatch(ctx, master, writer)
	written, err := writer.Stop(ctx)
	if err != nil {
		return errors.Join(watched, err)
	}
	s.line.say("writes: %d acknowledged, %d lost; %d errors at the client, longest pause %d ms",
		len(written.Acks), len(written.Lost), len(written.Errors), written.LongestGap.Milliseconds())
	if len(written.Lost) > 0 {
		err = fmt.Errorf("%d acknowledged writes were lost, the first is number %d", len(written.Lost), written.Lost[0].Number)
	}
	s.lookAround()
	return errors.Join(watched, err)
}

// prepare finds the example's StatefulSet and makes room for it, even where an earlier run left one.
func (s *show) prepare(ctx context.Context) error {
	objects, err := s.world.Objects(ctx, s.options.example)
	if err != nil {
		return err
	}
	for _, object := range objects {
		if object.Kind != "StatefulSet" {
			continue
		}
		if s.group.StatefulSet != "" {
			return fmt.Errorf("%s holds more than one StatefulSet", s.options.example)
		}
		if object.Namespace == "" {
			object.Namespace = s.options.namespace
		}
		s.group = world.NewGroup(object.Namespace, object.Name)
	}
	if s.group.StatefulSet == "" {
		return fmt.Errorf("%s holds no StatefulSet", s.options.example)
	}
	s.line.note("making an empty namespace %s (one of an earlier run is removed first)", s.group.Namespace)
	if err := s.world.RemoveNamespace(ctx, s.group.Namespace); err != nil {
		return err
	}
	if err := s.world.MakeNamespace(ctx, s.group.Namespace, nil); err != nil {
		return err
	}
	return s.sentinelsReady(ctx)
}

// sentinelsReady waits for the chart's Sentinels, so that the time to form is the group's own.
func (s *show) sentinelsReady(ctx context.Context) error {
	_, err := world.Until(ctx, formWithin, "the Sentinels of the chart to be Ready (is the chart installed?)", func(ctx context.Context) string {
		ready, err := s.world.SentinelsReady(ctx, s.group.Sentinels)
		if err != nil {
			return err.Error()
		}
		if ready < s.group.Sentinels.Size {
			return fmt.Sprintf("%d of %d are", ready, s.group.Sentinels.Size)
		}
		return ""
	})
	return err
}

func (s *show) form(ctx context.Context) (world.View, error) {
	if err := s.world.Apply(ctx, s.group.Namespace, s.options.example); err != nil {
		return world.View{}, err
	}
	s.line.say("applied %s: StatefulSet %s, plain Redis, label %s=%s", s.options.example, s.group.StatefulSet, contract.LabelOptIn, contract.OptInEnabled)
	said := map[string]bool{}
	formed, _, err := s.world.WaitView(ctx, s.group, formWithin, "the group to form", func(view world.View) string {
		for _, node := range view.Nodes {
			if node.Ready && !said[node.Pod] {
				said[node.Pod] = true
				s.line.note("%s is Ready (%s)", node.Pod, node.Redis.Role)
			}
		}
		return view.Missing()
	})
	if err != nil {
		return formed, err
	}
	master, _ := formed.Master()
	s.line.say("formed after %.1f s: master is %s at %s; its replicas are in sync, all %d Sentinels and the record agree",
		time.Since(s.line.start).Seconds(), master.Pod, master.Address, len(formed.Sentinels))
	return formed, nil
}

// killAndWatch kills the master's pod and follows what happens until the pod is back as a replica.
func (s *show) killAndWatch(ctx context.Context, master world.Node, writer *world.Writer) error {
	killed := time.Now()
	if s.world.CanKill() {
		s.line.say("killed: SIGKILL to every process of the master's pod %s, and the pod deleted by force", master.Pod)
	} else {
		s.line.say("killed: the master's pod %s deleted by force (a crash needs the node, which is out of reach here)", master.Pod)
	}
	if err := s.world.CrashPod(ctx, s.group.Namespace, master.Pod); err != nil {
		return err
	}
	elected, _, err := s.world.WaitView(ctx, s.group, electWithin, "a new master", func(view world.View) string {
		if now, one := view.Master(); one && now.UID == master.UID {
			return "the killed pod still answers as master"
		}
		return view.Elected()
	})
	if err != nil {
		return err
	}
	successor, _ := elected.Master()
	s.line.say("master is %s at %s after %d ms: it says so and a majority of the Sentinels does", successor.Pod, successor.Address, time.Since(killed).Milliseconds())
	back, _, err := s.world.WaitView(ctx, s.group, returnWithin, master.Pod+" to be back as a replica", world.View.Missing)
	if err != nil {
		return err
	}
	returned, _ := back.Node(master.Pod)
	if returned.Redis.Role != contract.RoleReplica || returned.UID == master.UID {
		return fmt.Errorf("%s should be back as a replica in a new pod, but: %s", master.Pod, back)
	}
	s.line.say("%s is back as a replica of %s after %.1f s; the group is complete", master.Pod, successor.Pod, time.Since(killed).Seconds())
	return s.acknowledged(ctx, writer, writer.Acknowledged()+writesBefore)
}

// acknowledged waits until so many writes have been acknowledged.
func (s *show) acknowledged(ctx context.Context, writer *world.Writer, count int) error {
	_, err := world.Until(ctx, writesInSight, fmt.Sprintf("%d acknowledged writes", count), func(context.Context) string {
		if have := writer.Acknowledged(); have < count {
			return fmt.Sprintf("%d so far", have)
		}
		return ""
	})
	return err
}

func (s *show) lookAround() {
	fmt.Fprintf(s.line.out, `
Look around:
  export KUBECONFIG=%[1]s
  kubectl get leases -n %[2]s                  # HOLDER is the master
  kubectl get pods -n %[2]s -L %[3]s
  kubectl get events -n %[2]s
  kubectl delete pod -n %[2]s %[4]s-0          # and look at the lease again

Remove everything: make demo-down
`, s.world.Kubeconfig(), s.group.Namespace, contract.LabelRole, s.group.StatefulSet)
}
