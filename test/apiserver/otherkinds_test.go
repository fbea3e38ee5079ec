// SPDX-License-Identifier: Apache-2.0

package apiserver

import (
	"fmt"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/mutate"
)

// templateOf is a pod template with this label, and annotation; empty ones are left out.
func templateOf(label, annotation string) corev1.PodTemplateSpec {
	out := corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": "x"}},
		Spec:       corev1.PodSpec{RestartPolicy: corev1.RestartPolicyAlways, Containers: []corev1.Container{{Name: "redis", Image: "redis"}}},
	}
	if label != "" {
		out.Labels[contract.LabelOptIn] = label
	}
	if annotation != "" {
		out.Annotations = map[string]string{annotation: "2"}
	}
	return out
}

// otherKinds are those that make pods, and are no StatefulSets.
var otherKinds = map[string]func(meta metav1.ObjectMeta, template corev1.PodTemplateSpec) client.Object{
	"Deployment": func(m metav1.ObjectMeta, t corev1.PodTemplateSpec) client.Object {
		return &appsv1.Deployment{ObjectMeta: m, Spec: appsv1.DeploymentSpec{Selector: selectX(), Template: t}}
	},
	"DaemonSet": func(m metav1.ObjectMeta, t corev1.PodTemplateSpec) client.Object {
		return &appsv1.DaemonSet{ObjectMeta: m, Spec: appsv1.DaemonSetSpec{Selector: selectX(), Template: t}}
	},
	"ReplicaSet": func(m metav1.ObjectMeta, t corev1.PodTemplateSpec) client.Object {
		return &appsv1.ReplicaSet{ObjectMeta: m, Spec: appsv1.ReplicaSetSpec{Selector: selectX(), Template: t}}
	},
	"ReplicationController": func(m metav1.ObjectMeta, t corev1.PodTemplateSpec) client.Object {
		return &corev1.ReplicationController{ObjectMeta: m, Spec: corev1.ReplicationControllerSpec{Selector: map[string]string{"app": "x"}, Template: &t}}
	},
	"Job": func(m metav1.ObjectMeta, t corev1.PodTemplateSpec) client.Object {
		t.Spec.RestartPolicy = corev1.RestartPolicyNever
		return &batchv1.Job{ObjectMeta: m, Spec: batchv1.JobSpec{Template: t}}
	},
	"CronJob": func(m metav1.ObjectMeta, t corev1.PodTemplateSpec) client.Object {
		t.Spec.RestartPolicy = corev1.RestartPolicyNever
		return &batchv1.CronJob{ObjectMeta: m, Spec: batchv1.CronJobSpec{Schedule: "* * * * *", JobTemplate: batchv1.JobTemplateSpec{Spec: batchv1.JobSpec{Template: t}}}}
	},
}

func selectX() *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchLabels: map[string]string{"app": "x"}}
}

// TestLabelOnAnotherKind is refused where somebody applies it, on the object or its pods; what was labelled before, what is let out and what
// another object made passes; annotations alone are warned of.
func TestLabelOnAnotherKind(t *testing.T) {
	c := admin(t)
	before := map[string]client.Object{}
	r := withPolicies(t, c, func(r release) {
		for kind, of := range otherKinds {
			o := of(metav1.ObjectMeta{Namespace: r.tenant, Name: "before", Labels: map[string]string{contract.LabelOptIn: contract.OptInEnabled}}, templateOf("", ""))
			create(t, c, o)
			before[kind] = o
		}
	})
	said := &warnings{}
	user := warned(t, said)
	dry := func(o client.Object) error { return user.Create(t.Context(), o, client.DryRunAll) }
	labelled := map[string]string{contract.LabelOptIn: contract.OptInEnabled}
	eventually(t, 20*time.Second, "the policies are in force", func() error {
		await := otherKinds["Deployment"](metav1.ObjectMeta{Namespace: r.tenant, Name: "x", Annotations: map[string]string{contract.AnnotationQuorum: "2"}}, templateOf("", ""))
		if err := dry(await); err != nil {
			return err
		}
		if text := strings.Join(said.take(), " "); !strings.Contains(text, "do nothing on a Deployment") {
			return fmt.Errorf("the warning is %q", text)
		}
		await = otherKinds["Deployment"](metav1.ObjectMeta{Namespace: r.tenant, Name: "x", Labels: labelled}, templateOf("", ""))
		return refusedBy(dry(await), r.name+"-other-kinds")
	})
	for kind, of := range otherKinds {
		t.Run(kind, func(t *testing.T) {
			meta := metav1.ObjectMeta{Namespace: r.tenant, Name: "x"}
			attempts(t, []attempt{
				{"labelled", func() error { m := meta; m.Labels = labelled; return dry(of(m, templateOf("", ""))) }, mutate.OtherKind(kind)},
				{"its pods", func() error { return dry(of(meta, templateOf(contract.OptInEnabled, ""))) }, "make it a StatefulSet"},
				{"a value that is none", func() error { return dry(of(meta, templateOf("true", ""))) }, "make it a StatefulSet"},
				{"let out", func() error { return dry(of(meta, templateOf(contract.OptInDisabled, ""))) }, ""},
				{"without a word of us", func() error { return dry(of(meta, templateOf("", ""))) }, ""},
				{"elsewhere", func() error {
					m := meta
					m.Namespace = r.excluded
					return dry(of(m, templateOf(contract.OptInEnabled, "")))
				}, ""},
				{"labelled before", merge(t, user, before[kind], `{"metadata":{"annotations":{"note":"x"}}}`), ""},
			})
			if said.take(); dry(of(meta, templateOf("", contract.AnnotationQuorum))) != nil || !strings.Contains(strings.Join(said.take(), " "), "do nothing on a "+kind) {
				t.Error("an annotation of its pods: no warning, or refused")
			}
			if dry(of(meta, templateOf("", ""))) != nil || len(said.take()) > 0 {
				t.Error("a warning about nothing")
			}
		})
	}
	t.Run("made by another", func(t *testing.T) {
		meta := metav1.ObjectMeta{Namespace: r.tenant, Name: "x", OwnerReferences: []metav1.OwnerReference{{
			APIVersion: "apps/v1", Kind: "Deployment", Name: "x", UID: before["Deployment"].GetUID(), Controller: new(true),
		}}}
		if err := dry(otherKinds["ReplicaSet"](meta, templateOf(contract.OptInEnabled, ""))); err != nil {
			t.Error(err)
		}
	})
}

// TestStatefulSetWithoutEffect: it asks for something, and nobody looks at it.
func TestStatefulSetWithoutEffect(t *testing.T) {
	c := admin(t)
	r := withPolicies(t, c)
	said := &warnings{}
	user := warned(t, said)
	set := func(namespace, label, inTemplate, annotation string) *appsv1.StatefulSet {
		s := &appsv1.StatefulSet{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "x"},
			Spec:       appsv1.StatefulSetSpec{Selector: selectX(), Template: templateOf(inTemplate, annotation)},
		}
		if label != "" {
			s.Labels = map[string]string{contract.LabelOptIn: label}
		}
		return s
	}
	heard := func(o client.Object) string {
		t.Helper()
		said.take()
		if err := user.Create(t.Context(), o, client.DryRunAll); err != nil {
			t.Error(err)
		}
		return strings.Join(said.take(), " ")
	}
	eventually(t, 20*time.Second, "the policy is in force", func() error {
		if text := heard(set(r.excluded, contract.OptInEnabled, "", "")); !strings.Contains(text, "is left out") {
			return fmt.Errorf("the warning is %q", text)
		}
		return nil
	})
	for name, c := range map[string]struct {
		set  *appsv1.StatefulSet
		want string
	}{
		"labelled in a namespace that is left out":    {set(r.excluded, contract.OptInEnabled, "", ""), "namespace " + r.excluded + " is left out"},
		"its pods in a namespace that is left out":    {set(r.excluded, "", contract.OptInEnabled, ""), "is left out"},
		"annotated without the label":                 {set(r.tenant, "", "", contract.AnnotationQuorum), "without the label"},
		"annotated and labelled":                      {set(r.tenant, contract.OptInEnabled, "", contract.AnnotationQuorum), ""},
		"annotated, and its pods are labelled":        {set(r.tenant, "", contract.OptInEnabled, contract.AnnotationQuorum), ""},
		"annotated, and let out":                      {set(r.tenant, contract.OptInDisabled, "", contract.AnnotationQuorum), ""},
		"nothing of ours":                             {set(r.tenant, "", "", ""), ""},
		"nothing of ours where everything is let out": {set(r.excluded, "", "", ""), ""},
	} {
		if text := heard(c.set); (c.want == "") != (text == "") || !strings.Contains(text, c.want) {
			t.Errorf("%s: %q, want %q", name, text, c.want)
		}
	}
}
