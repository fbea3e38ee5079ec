// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
)

// redisImage is the stand-in of the official image that the cluster has.
const redisImage = "redis:7.0"

// change is one deviation from the plain StatefulSet.
type change func(*appsv1.StatefulSet)

// plain is a StatefulSet of three Redis as anyone would write it, without persistence and without any of our labels.
func plain(name string, changes ...change) *appsv1.StatefulSet {
	labels := map[string]string{"app": name}
	replicas, grace := int32(3), int64(10)
	set := &appsv1.StatefulSet{
		TypeMeta:   metav1.TypeMeta{APIVersion: "apps/v1", Kind: "StatefulSet"},
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: appsv1.StatefulSetSpec{
			Replicas:            &replicas,
			ServiceName:         name,
			PodManagementPolicy: appsv1.ParallelPodManagement,
			Selector:            &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{
					TerminationGracePeriodSeconds: &grace,
					Containers: []corev1.Container{{
						Name:            contract.RedisContainer,
						Image:           redisImage,
						ImagePullPolicy: corev1.PullIfNotPresent,
						Args:            []string{"--save", "", "--appendonly", "no"},
						Ports:           []corev1.ContainerPort{{Name: "redis", ContainerPort: contract.RedisPort}},
						Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{
							corev1.ResourceCPU: resource.MustParse("20m"), corev1.ResourceMemory: resource.MustParse("32Mi"),
						}},
					}},
				},
			},
		},
	}
	for _, change := range changes {
		change(set)
	}
	return set
}

// labelled opts the StatefulSet in, in its own metadata as the README says.
func labelled(set *appsv1.StatefulSet) { optIn(contract.OptInEnabled)(set) }

func optIn(value string) change {
	return func(set *appsv1.StatefulSet) {
		set.Labels = map[string]string{contract.LabelOptIn: value}
	}
}

func orderedReady(set *appsv1.StatefulSet) {
	set.Spec.PodManagementPolicy = appsv1.OrderedReadyPodManagement
}

func annotated(key, value string) change {
	return func(set *appsv1.StatefulSet) {
		if set.Annotations == nil {
			set.Annotations = map[string]string{}
		}
		set.Annotations[key] = value
	}
}

func templateAnnotated(key, value string) change {
	return func(set *appsv1.StatefulSet) {
		if set.Spec.Template.Annotations == nil {
			set.Spec.Template.Annotations = map[string]string{}
		}
		set.Spec.Template.Annotations[key] = value
	}
}

func args(values ...string) change {
	return func(set *appsv1.StatefulSet) { set.Spec.Template.Spec.Containers[0].Args = values }
}

func command(values ...string) change {
	return func(set *appsv1.StatefulSet) {
		set.Spec.Template.Spec.Containers[0].Command, set.Spec.Template.Spec.Containers[0].Args = values, nil
	}
}

// persistent gives every pod a volume claim of its own and an append-only file in it.
func persistent(set *appsv1.StatefulSet) {
	set.Spec.VolumeClaimTemplates = []corev1.PersistentVolumeClaim{{
		ObjectMeta: metav1.ObjectMeta{Name: "data"},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("64Mi")}},
		},
	}}
	set.Spec.Template.Spec.Containers[0].VolumeMounts = []corev1.VolumeMount{{Name: "data", MountPath: "/data"}}
	args("--appendonly", "yes")(set)
}

func image(name string) change {
	return func(set *appsv1.StatefulSet) { set.Spec.Template.Spec.Containers[0].Image = name }
}

func replicas(count int32) change {
	return func(set *appsv1.StatefulSet) { set.Spec.Replicas = &count }
}

// manifest renders objects as a file that kubectl reads.
func manifest(t *testing.T, objects ...any) string {
	t.Helper()
	var documents []string
	for _, object := range objects {
		text, err := yaml.Marshal(object)
		must(t, err)
		documents = append(documents, string(text))
	}
	return strings.Join(documents, "---\n")
}

// apply applies a StatefulSet as a user does and names its group.
func apply(t *testing.T, w *world.World, namespace string, set *appsv1.StatefulSet) world.Group {
	t.Helper()
	_, err := w.ApplyText(t.Context(), namespace, manifest(t, set))
	must(t, err)
	group := world.NewGroup(namespace, set.Name)
	group.Replicas = int(*set.Spec.Replicas)
	return group
}
