// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
)

// TestBadInput applies what users get wrong. Each is refused where they see it, in the answer of kubectl apply, with a message
// that names what is wrong and what to do.
func TestBadInput(t *testing.T) {
	w := connect(t)
	in := namespace(t, w, nil)
	for _, test := range []struct {
		name   string
		change change
		says   []string // every word is in the message
	}{
		{"two containers and none called redis", twoContainers, []string{"container", contract.AnnotationContainer}},
		{"label value true", optIn("true"), []string{"true", contract.OptInEnabled, contract.OptInDisabled}},
		{"unknown annotation key", templateAnnotated(contract.Prefix+"qourum", "2"), []string{contract.Prefix + "qourum"}},
		{"unknown annotation value", templateAnnotated(contract.AnnotationDownAfter, "soon"), []string{contract.AnnotationDownAfter, "soon"}},
		{"unknown annotation key on the StatefulSet", annotated(contract.Prefix+"quorom", "2"), []string{contract.Prefix + "quorom"}},
		{"--replicaof in the arguments", args("--replicaof", "redis-0.redis 6379"), []string{"replicaof", "remove it"}},
		{"a shell around the server", command("sh", "-c", "exec redis-server --appendonly yes"), []string{"shell"}},
		{"a claim shared by all pods", sharedClaim, []string{contract.AnnotationPerPodDirectory, "shared"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			set := plain("bad", labelled, test.change)
			output, err := w.ApplyText(t.Context(), in, manifest(t, set))
			if err == nil {
				// If only pods were refused, the refusal would be an Event that no user of `kubectl apply` sees: that is not
				// enough.
				must(t, w.Client.AppsV1().StatefulSets(in).Delete(t.Context(), set.Name, metav1.DeleteOptions{}))
				t.Fatalf("the StatefulSet was let through: %s", output)
			}
			message := refused(t, err)
			t.Logf("refused: %s", message)
			for _, word := range test.says {
				if !strings.Contains(message, word) {
					t.Errorf("the message does not say %q", word)
				}
			}
			mustNotExist(t, w, in, set.Name)
		})
	}
	t.Run("a labelled bare pod", func(t *testing.T) {
		pod := &corev1.Pod{
			TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
			ObjectMeta: metav1.ObjectMeta{Name: "bare", Labels: map[string]string{contract.LabelOptIn: contract.OptInEnabled}},
			Spec:       plain("bare").Spec.Template.Spec,
		}
		_, err := w.ApplyText(t.Context(), in, manifest(t, pod))
		message := refused(t, err)
		t.Logf("refused: %s", message)
		if !strings.Contains(message, "StatefulSet") {
			t.Error("the message does not say that a StatefulSet is needed")
		}
	})
}

// TestUnknownSentinelSet names a Sentinel set that does not exist. It may be created later, so nothing is refused: the group
// says in an Event and in its record what it waits for.
func TestUnknownSentinelSet(t *testing.T) {
	w := connect(t)
	in := namespace(t, w, nil)
	group := apply(t, w, in, plain("redis", labelled, templateAnnotated(contract.AnnotationSentinels, "nowhere")))
	group.Sentinels = world.SentinelSet{Namespace: in, Name: "nowhere"}
	var event corev1.Event
	took := until(t, "an Event that names the missing Sentinel set", func(ctx context.Context) string {
		events, err := w.Events(ctx, in, "")
		if err != nil {
			return err.Error()
		}
		for _, event = range events {
			if event.Type == corev1.EventTypeWarning && strings.Contains(event.Message, "nowhere") && !strings.Contains(event.Reason, "FailedCreate") {
				return ""
			}
		}
		return "no such Event"
	})
	t.Logf("after %.1f s, on %s %s: %s: %s", took.Seconds(), event.InvolvedObject.Kind, event.InvolvedObject.Name, event.Reason, event.Message)
	took = until(t, "the record to say so", func(ctx context.Context) string {
		lease, err := w.Client.CoordinationV1().Leases(in).Get(ctx, contract.ObjectName(group.StatefulSet), metav1.GetOptions{})
		if err != nil {
			return err.Error()
		}
		for key, value := range lease.Annotations {
			if key != contract.RecordSettings && strings.Contains(value, "Sentinel") {
				t.Logf("the record says %s=%s", key, value)
				return ""
			}
		}
		return "no annotation of the record speaks of Sentinels"
	})
	t.Logf("the record says so %.1f s later", took.Seconds())
}

func twoContainers(set *appsv1.StatefulSet) {
	containers := set.Spec.Template.Spec.Containers
	containers[0].Name = "store"
	exporter := *containers[0].DeepCopy()
	exporter.Name, exporter.Ports = "exporter", nil
	set.Spec.Template.Spec.Containers = append(containers, exporter)
}

// sharedClaim mounts one volume claim in all pods, as examples/original does, without the annotation that allows it.
func sharedClaim(set *appsv1.StatefulSet) {
	spec := &set.Spec.Template.Spec
	spec.Volumes = []corev1.Volume{{Name: "data", VolumeSource: corev1.VolumeSource{
		PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "shared"},
	}}}
	spec.Containers[0].VolumeMounts = []corev1.VolumeMount{{Name: "data", MountPath: "/data"}}
}
