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
		{"a script file around the server", command("sh", "/scripts/start.sh"), []string{"shell", "/scripts/start.sh", "init container"}},
		{"many faults at once", everythingWrong, []string{"did you mean " + contract.AnnotationQuorum, "hostNetwork", "6.0.16 is older than 6.2", "replicaof", "(4)"}},
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

// TestLabelWhereItDoesNothing applies the label to what is no StatefulSet: it is refused at once, by a policy.
func TestLabelWhereItDoesNothing(t *testing.T) {
	w := connect(t)
	in := namespace(t, w, nil)
	template := plain("cache").Spec.Template
	one := int32(1)
	deployment := &appsv1.Deployment{
		TypeMeta:   metav1.TypeMeta{APIVersion: "apps/v1", Kind: "Deployment"},
		ObjectMeta: metav1.ObjectMeta{Name: "cache", Labels: map[string]string{contract.LabelOptIn: contract.OptInEnabled}},
		Spec:       appsv1.DeploymentSpec{Replicas: &one, Selector: &metav1.LabelSelector{MatchLabels: template.Labels}, Template: template},
	}
	_, err := w.ApplyText(t.Context(), in, manifest(t, deployment))
	if message := refused(t, err); !strings.Contains(message, "make it a StatefulSet") {
		t.Errorf("refused: %s", message)
	}
	deployment.Labels, deployment.Annotations = nil, map[string]string{contract.AnnotationQuorum: "2"}
	said, err := w.ApplyText(t.Context(), in, manifest(t, deployment))
	if must(t, err); !strings.Contains(said, "do nothing on a Deployment") {
		t.Errorf("said: %s", said)
	}
}

// TestSurroundings labels a StatefulSet in a namespace that has a LimitRange, and a Service for all of its pods: both are told to whoever
// applies it, before the first pod is refused or the first client meets a replica.
func TestSurroundings(t *testing.T) {
	w := connect(t)
	in := namespace(t, w, nil)
	_, err := w.ApplyText(t.Context(), in, `
{apiVersion: v1, kind: LimitRange, metadata: {name: limits}, spec: {limits: [{type: Container, min: {cpu: 100m}}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: old}, spec: {selector: {app: redis}, ports: [{port: 6379}]}}
`)
	must(t, err)
	said, err := w.ApplyText(t.Context(), in, manifest(t, plain("redis", labelled)))
	must(t, err)
	for _, want := range []string{"Service " + in + "/old selects every pod", "LimitRange limits: at least 100m of cpu", "agent.resources"} {
		if !strings.Contains(said, want) {
			t.Errorf("no %q in %s", want, said)
		}
	}
	until(t, "the StatefulSet to say why it has no pods", func(ctx context.Context) string {
		events, err := w.Events(ctx, in, "FailedCreate")
		if err != nil {
			return err.Error()
		}
		for _, e := range events {
			if e.InvolvedObject.Kind == "StatefulSet" && strings.Contains(e.Message, "minimum cpu usage per Container is 100m") {
				return ""
			}
		}
		return "no such Event"
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

// everythingWrong has a fault of every kind.
func everythingWrong(set *appsv1.StatefulSet) {
	annotated(contract.Prefix+"quorom", "2")(set)
	image("redis:6.0.16")(set)
	args("--replicaof", "a", "1")(set)
	set.Spec.Template.Spec.HostNetwork = true
}

// sharedClaim mounts one volume claim in all pods, as examples/original does, without the annotation that allows it.
func sharedClaim(set *appsv1.StatefulSet) {
	spec := &set.Spec.Template.Spec
	spec.Volumes = []corev1.Volume{{Name: "data", VolumeSource: corev1.VolumeSource{
		PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "shared"},
	}}}
	spec.Containers[0].VolumeMounts = []corev1.VolumeMount{{Name: "data", MountPath: "/data"}}
}
