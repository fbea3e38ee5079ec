// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/debian"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
)

// atOnce is how many groups form at the same time: the pods of a machine of two cores wait for each other.
const atOnce = 4

// shape is a file of testdata/shapes: a StatefulSet called redis as somebody wrote it, with what it needs.
type shape struct {
	name, text, password string
	// module reports whether the server has the module of the stand-in for Redis Stack.
	module bool
}

func shapes(t *testing.T) []shape {
	t.Helper()
	files, err := filepath.Glob("testdata/shapes/*.yaml")
	must(t, err)
	var all []shape
	for _, file := range files {
		text, err := os.ReadFile(file)
		must(t, err)
		s := shape{name: strings.TrimSuffix(filepath.Base(file), ".yaml"), text: string(text)}
		for line := range strings.Lines(s.text) {
			if password, ok := strings.CutPrefix(line, "# password: "); ok {
				s.password = strings.TrimSpace(password)
			}
			s.module = s.module || strings.HasPrefix(line, "# module: ")
		}
		all = append(all, s)
	}
	return all
}

// TestShapes takes in Redis as people run it: in a shell, in images of others, with passwords and configurations in all the places where
// they are. Each runs as a group of three, with data, and survives the loss of its master.
func TestShapes(t *testing.T) {
	w := connect(t)
	needsNode(t, w)
	must(t, w.LoadShapes(t.Context(), t.TempDir(), "", "bitnami", "stack"))
	all := shapes(t)
	if len(all) < 12 {
		t.Fatalf("%d shapes", len(all))
	}
	for some := range slices.Chunk(all, atOnce) {
		groups := map[string]world.Group{}
		for _, s := range some {
			in := namespace(t, w, map[string]string{"shape": s.name})
			_, err := w.ApplyText(t.Context(), in, s.text)
			must(t, err)
			group := world.NewGroup(in, "redis")
			group.Password = s.password
			groups[s.name] = group
		}
		for _, s := range some {
			t.Run(s.name, func(t *testing.T) { survives(t, w, s, groups[s.name]) })
		}
	}
}

// survives has a group lose its master, and keep what it has.
func survives(t *testing.T, w *world.World, s shape, group world.Group) {
	t.Helper()
	view, took := formed(t, w, group)
	t.Logf("formed after %.1f s", took.Seconds())
	fill(t, w, group, masterOrdinal(t, w, group))
	master := mustNode(t, view)
	if s.module {
		must(t, w.In(group, master.Address).Do(t.Context(), "tally.add", "counted", 42).Err())
	}
	if s.password != "" {
		nobodyEnters(t, w, group)
	}
	until(t, "replicas to have the keys", func(ctx context.Context) string { return keysEverywhere(ctx, w, group) })
	masterLost(t, w, group)
	view, _ = formed(t, w, group)
	if missing := missingKeys(t, w, group, mustNode(t, view).Address); missing > 0 {
		t.Errorf("%d keys of %d are lost", missing, adoptedKeys)
	}
	if s.module {
		if n, err := w.In(group, mustNode(t, view).Address).Do(t.Context(), "tally.get", "counted").Int(); err != nil || n != 42 {
			t.Errorf("what the module counted is %d, %v", n, err)
		}
	}
	for _, reason := range []string{string(model.OtherConfiguration), "ServerEnded", string(model.AgentDenied)} {
		told, err := w.Events(t.Context(), group.Namespace, reason)
		must(t, err)
		for _, e := range told {
			t.Errorf("%s: %s", reason, e.Message)
		}
	}
}

// TestServerBehindAShell deletes a pod in which a shell is the first process, which does not pass SIGTERM on: the server ends by itself, and
// saves what it has to, instead of being killed at the end of the grace period.
func TestServerBehindAShell(t *testing.T) {
	w := connect(t)
	in := namespace(t, w, nil)
	group := apply(t, w, in, plain("redis", labelled, command("bash", "-c", "if true; then redis-server --save '' --appendonly no; fi"), graceOf(60)))
	formed(t, w, group)
	last := lastOfServer(t, w, group, group.Pod(1), func() { must(t, w.DeletePod(t.Context(), in, group.Pod(1))) })
	if last == nil || last.ExitCode == 137 {
		t.Errorf("the container ended by %+v, want its own end", last)
	}
}

// lastOfServer does something that ends a pod, and returns how its server ended. The kubelet says it in the update just before the pod is
// gone: who asks now and then misses it, a watch does not.
func lastOfServer(t *testing.T, w *world.World, group world.Group, pod string, end func()) *corev1.ContainerStateTerminated {
	t.Helper()
	pods := w.Client.CoreV1().Pods(group.Namespace)
	before, err := pods.Get(t.Context(), pod, metav1.GetOptions{})
	must(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), generous)
	defer cancel()
	updates, err := pods.Watch(ctx, metav1.ListOptions{FieldSelector: "metadata.name=" + pod, ResourceVersion: before.ResourceVersion})
	must(t, err)
	defer updates.Stop()
	end()
	var last *corev1.ContainerStateTerminated
	for update := range updates.ResultChan() {
		now, isPod := update.Object.(*corev1.Pod)
		if !isPod {
			t.Fatalf("watching pod %s: %v", pod, update.Object)
		}
		for _, c := range now.Status.ContainerStatuses {
			if c.Name == contract.RedisContainer && c.State.Terminated != nil {
				last = c.State.Terminated
			}
		}
		if update.Type == watch.Deleted {
			t.Logf("gone: %+v", last)
			return last
		}
	}
	t.Fatalf("pod %s is there still", pod)
	return nil
}

// graceOf is the time that a pod may take to end, in seconds.
func graceOf(seconds int64) change {
	return func(set *appsv1.StatefulSet) { set.Spec.Template.Spec.TerminationGracePeriodSeconds = &seconds }
}

// keysEverywhere says which pod lacks keys of fill.
func keysEverywhere(ctx context.Context, w *world.World, group world.Group) string {
	view, err := w.Look(ctx, group)
	if err != nil {
		return err.Error()
	}
	for _, node := range view.Nodes {
		if n, err := w.In(group, node.Address).DBSize(ctx).Result(); err != nil || n < adoptedKeys {
			return fmt.Sprintf("%s has %d keys, %v", node.Pod, n, err)
		}
	}
	return ""
}

// mended gives the pods of a StatefulSet whose server does not start a template that is right. The pod that never became ready stays as it
// is, as its Event says (kubernetes#67250), until it is deleted.
func mended(t *testing.T, w *world.World, in string) {
	t.Helper()
	told, err := w.Events(t.Context(), in, "ServerEnded")
	must(t, err)
	if !slices.ContainsFunc(told, func(e corev1.Event) bool { return strings.Contains(e.Message, "delete this pod") }) {
		t.Error("no Event says that the pod has to be deleted")
	}
	group := apply(t, w, in, plain("broken", labelled, replicas(1), orderedReady))
	must(t, w.DeletePod(t.Context(), in, group.Pod(0)))
	_, took := formed(t, w, group)
	t.Logf("formed %.1f s after the pod was deleted", took.Seconds())
}

// TestServersThatCannotBeKept: admission cannot see that an image ignores its arguments, nor which version a tag is that says none. The
// agent does, keeps such a server from leading, and says so.
func TestServersThatCannotBeKept(t *testing.T) {
	w := connect(t)
	needsNode(t, w)
	root, err := debian.Root(t.Context(), "bullseye")
	must(t, err)
	must(t, w.LoadShapes(t.Context(), t.TempDir(), root, "selfstart"))
	in := namespace(t, w, nil)
	broken := plain("broken", labelled, image("redis:7.0"), args("--no-such-option", "yes"), replicas(1), orderedReady)
	for _, c := range []struct {
		set    any
		pod    string
		reason string
		says   string
	}{
		{plain("selfstart", labelled, image("example/selfstart:1"), args("redis-server", "--hz", "20"), replicas(1)), "selfstart-0", string(model.OtherConfiguration), "did not start from the generated"},
		{plain("legacy", labelled, image("example/cache:legacy"), args("redis-server"), replicas(1)), "legacy-0", string(model.ServerTooOld), "Redis 6.2"},
		{broken, "broken-0", "ServerEnded", "no-such-option"},
	} {
		warned, err := w.ApplyText(t.Context(), in, manifest(t, c.set))
		must(t, err)
		t.Log(warned)
		until(t, "Event "+c.reason, func(ctx context.Context) string {
			told, failed := w.Events(ctx, in, c.reason)
			if failed != nil {
				return failed.Error()
			}
			for _, e := range told {
				if e.InvolvedObject.Name == c.pod && strings.Contains(e.Message, c.says) {
					t.Log(e.Message)
					return ""
				}
			}
			return fmt.Sprintf("%d Events, none of which is of %s and says %q", len(told), c.pod, c.says)
		})
		pod, err := w.Client.CoreV1().Pods(in).Get(t.Context(), c.pod, metav1.GetOptions{})
		must(t, err)
		if slices.ContainsFunc(pod.Status.Conditions, func(p corev1.PodCondition) bool { return p.Type == corev1.PodReady && p.Status == corev1.ConditionTrue }) {
			t.Errorf("%s is ready", c.pod)
		}
		if c.reason == "ServerEnded" {
			mended(t, w, in)
			continue
		}
		until(t, c.pod+" to be fenced", func(ctx context.Context) string {
			role, err := w.At(world.RedisAddress(*pod)).Info(ctx, "replication").Result()
			if err != nil || !strings.Contains(role, "role:slave") || !strings.Contains(role, "master_host:127.0.0.1") {
				return fmt.Sprint(role, err)
			}
			return ""
		})
	}
}
