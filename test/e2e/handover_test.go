// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
)

// TestMasterPodDeleted ends the master's pod as a drain does, three times, while a client writes: the mastership is handed
// over before Redis gets its signal, and no acknowledged write is lost, whether a replica had confirmed it or not.
func TestMasterPodDeleted(t *testing.T) {
	const times = 3
	w := connect(t)
	group := apply(t, w, namespace(t, w, nil), plain("redis", labelled))
	for i := range times {
		before, _ := formed(t, w, group)
		master, _ := before.Master()
		writer := writing(t, w, group, world.Writes{})
		acknowledged(t, writer, 100)
		must(t, w.DeletePod(t.Context(), group.Namespace, master.Pod))
		after, _, err := w.WaitView(t.Context(), group, generous, master.Pod+" to be back", func(view world.View) string {
			if node, there := view.Node(master.Pod); !there || node.UID == master.UID {
				return "its successor is not there yet"
			}
			return view.Missing()
		})
		must(t, err)
		acknowledged(t, writer, 100)
		written := stopped(t, writer)
		now, _ := after.Master()
		t.Logf("deletion %d: %s was master, %s is (reason %s); %s", i+1, master.Pod, now.Pod, after.Record.Reason, written)
		if now.Pod == master.Pod {
			t.Errorf("%s was deleted as master and leads again: it was not handed over", now.Pod)
		}
		// An election counts by ones, a claim is a multiple of 1024: the successor accepted an offer and no election was
		// needed.
		if after.Record.Epoch%1024 != 0 {
			t.Errorf("%s was elected by Sentinels at epoch %d: it was not handed over\n%s", now.Pod, after.Record.Epoch, w.Describe(t.Context(), group.Namespace))
		}
		if len(written.Lost) > 0 {
			t.Errorf("%d acknowledged writes were lost, the first is number %d", len(written.Lost), written.Lost[0].Number)
		}
	}
}

// TestHandoverOnRequest asks for another master by the command and by the annotation, while a client writes with its defaults. Nothing
// is lost, nothing fails, and the StatefulSet's Events tell each change once.
func TestHandoverOnRequest(t *testing.T) {
	w := connect(t)
	group := apply(t, w, namespace(t, w, nil), plain("redis", labelled))
	view, _ := formed(t, w, group)
	first, _ := view.Master()
	writer := writing(t, w, group, world.Writes{})
	acknowledged(t, writer, 100)

	said, err := exec.CommandContext(t.Context(), "../../bin/webhook", "handover", "-namespace", group.Namespace, "-statefulset", group.StatefulSet).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	view, _ = formed(t, w, group)
	second, _ := view.Master()
	if want := second.Pod + " leads; " + first.Pod + " did before"; first.Pod == second.Pod || !strings.Contains(string(said), want) {
		t.Errorf("it says %q, want %q", said, want)
	}
	_, err = w.Kubectl(t.Context(), "", "annotate", "statefulset", group.StatefulSet, "-n", group.Namespace, contract.AnnotationHandover+"="+first.Pod)
	must(t, err)
	_, _, err = w.WaitView(t.Context(), group, generous, first.Pod+" to lead again, and the request to be taken off", func(view world.View) string {
		if now, one := view.Master(); !one || now.Pod != first.Pod {
			return "it does not lead"
		}
		if asked, failed := w.Kubectl(t.Context(), "", "get", "statefulset", group.StatefulSet, "-n", group.Namespace, "-o", "jsonpath={.metadata.annotations}"); failed != nil || strings.Contains(asked, contract.AnnotationHandover) {
			return fmt.Sprintf("annotations %s, %v", asked, failed)
		}
		return view.Missing()
	})
	must(t, err)
	acknowledged(t, writer, 100)
	written := stopped(t, writer)
	t.Logf("%s", written)
	if len(written.Lost) > 0 || len(written.Errors) > 0 {
		t.Errorf("%d writes were lost, and %d failed", len(written.Lost), len(written.Errors))
	}
	changes, err := w.Events(t.Context(), group.Namespace, "MasterChanged")
	must(t, err)
	told := map[string]int{}
	for _, event := range changes {
		if event.InvolvedObject.Kind != "StatefulSet" || event.InvolvedObject.Name != group.StatefulSet || event.InvolvedObject.UID == "" {
			t.Errorf("the change is told of %s %s: %s", event.InvolvedObject.Kind, event.InvolvedObject.Name, event.Message)
		}
		from, _, _ := strings.Cut(event.Message, " (")
		told[from]++
	}
	for _, want := range []string{first.Pod + " leads: the group has formed", second.Pod + " leads instead of " + first.Pod, first.Pod + " leads instead of " + second.Pod} {
		if told[want] != 1 {
			t.Errorf("%q is told %d times, of %v", want, told[want], told)
		}
	}
}
