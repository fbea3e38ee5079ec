// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
)

// TestAdoptionWithPassword labels a running, plain StatefulSet whose redis.conf has a password. No key is lost, and at no time is
// a client with that password refused.
func TestAdoptionWithPassword(t *testing.T) {
	w := connect(t)
	for _, test := range []struct {
		name    string
		changes []change
		holder  int
	}{
		{"memory of pod 0", []change{orderedReady, mountedConf}, 0},
		{"disk of pod 2", []change{persistent, mountedConf, args("/etc/user/redis.conf", "--appendonly", "yes")}, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			in := namespace(t, w, nil)
			_, err := w.ApplyText(t.Context(), in, manifest(t, configMap("redis.conf", requirepass)))
			must(t, err)
			group := apply(t, w, in, plain("redis", test.changes...))
			group.Password = clientsPassword
			rolledOut(t, w, group)
			fill(t, w, group, test.holder)
			refusals := watchLogins(t, w, group)
			began := time.Now()
			_, err = w.Kubectl(t.Context(), "", "label", "statefulset", "redis", "-n", in, contract.LabelOptIn+"="+contract.OptInEnabled)
			must(t, err)
			rolledOut(t, w, group)
			view, _ := formed(t, w, group)
			t.Logf("a group %.1f s after the label", time.Since(began).Seconds())
			if missing := missingKeys(t, w, group, mustNode(t, view).Address); missing > 0 {
				t.Errorf("%d keys of %d are lost", missing, adoptedKeys)
			}
			refusals()
			sentinelsAreThemselves(t, w, group)
			nobodyEnters(t, w, group)
			masterDeleted(t, w, group)
		})
	}
}

// TestPasswordComesAndGoes gives the clients of a living group a password, and takes it away again, each by a rolling update. A client
// that has the password all the time is never refused and loses nothing.
func TestPasswordComesAndGoes(t *testing.T) {
	w := connect(t)
	in := namespace(t, w, nil)
	_, err := w.ApplyText(t.Context(), in, manifest(t, secret(contract.AuthKey, clientsPassword)))
	must(t, err)
	group := apply(t, w, in, plain("redis", labelled))
	group.Password = clientsPassword
	before, _ := formed(t, w, group)
	writer := writing(t, w, group, world.Writes{Confirm: true})
	refusals := watchLogins(t, w, group)
	for _, step := range []struct {
		annotation string
		open       bool
	}{{`"` + userFiles + `"`, false}, {"null", true}} {
		began := time.Now()
		_, err = w.Kubectl(t.Context(), "", "patch", "statefulset", "redis", "-n", in, "--type=merge", "-p",
			fmt.Sprintf(`{"spec":{"template":{"metadata":{"annotations":{%q:%s}}}}}`, contract.AnnotationAuthSecret, step.annotation))
		must(t, err)
		rolledOut(t, w, group)
		view, _ := formed(t, w, group)
		t.Logf("rolled out to %s %.1f s after the change; the master was %s, it is %s", step.annotation, time.Since(began).Seconds(), mustNode(t, before).Pod, mustNode(t, view).Pod)
		for _, node := range view.Nodes {
			if enters, err := w.Enters(t.Context(), node.Address, world.Login{}); err != nil || enters != step.open {
				t.Errorf("%s lets clients without a password in: %t, and should: %t (%v)", node.Pod, enters, step.open, err)
			}
		}
		sentinelsAreThemselves(t, w, group)
		acknowledged(t, writer, 100)
	}
	refusals()
	written := stopped(t, writer)
	if len(written.Lost) > 0 {
		t.Errorf("%d acknowledged writes were lost", len(written.Lost))
	}
	for _, failed := range written.Errors {
		if text := failed.Err.Error(); strings.Contains(text, "NOAUTH") || strings.Contains(text, "WRONGPASS") {
			t.Errorf("a client with the right password was refused: %s", text)
		}
	}
}

// watchLogins goes on connecting to every pod of a group with the group's password. The function that it returns ends that; it is
// an error if one was ever refused.
func watchLogins(t *testing.T, w *world.World, group world.Group) func() {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	t.Cleanup(func() { stop(); <-ended })
	var refused []string
	tried := 0
	go func() {
		defer close(ended)
		every(ctx, 200*time.Millisecond, func(ctx context.Context, _ int) {
			pods, err := w.Pods(ctx, group)
			if err != nil {
				return
			}
			for _, pod := range pods {
				if pod.Status.PodIP == "" || pod.DeletionTimestamp != nil {
					continue
				}
				enters, err := w.Enters(ctx, fmt.Sprint(pod.Status.PodIP, ":", contract.RedisPort), world.Login{User: "default", Password: group.Password})
				if err != nil {
					continue // it starts or ends
				}
				if tried++; !enters {
					refused = append(refused, time.Now().UTC().Format("15:04:05.000 ")+pod.Name)
				}
			}
		})
	}()
	return func() {
		t.Helper()
		stop()
		<-ended
		t.Logf("%d connections with the right password were answered, %d refused", tried, len(refused))
		if len(refused) > 0 {
			t.Errorf("a client with the right password was refused: %v", refused)
		}
	}
}
