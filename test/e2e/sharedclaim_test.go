// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
)

// redisUser is the user of Redis in the official image.
const redisUser = 999

// TestSharedClaimAsUser shares one volume between all pods while Redis runs as uid 999, as under a restrictive policy: the
// directories that the kubelet makes belong to root, and Redis has to be able to write into its own. The root of the
// volume is writable for that user, as an export of a file server would be (ADR 0006).
func TestSharedClaimAsUser(t *testing.T) {
	w := connect(t)
	needsNode(t, w)
	in := namespace(t, w, nil)
	directory := filepath.Join("/var/lib", in)
	sharedVolume(t, w, in, directory)
	group := apply(t, w, in, plain("redis", labelled, sharedClaim, asRedisUser, args("--appendonly", "yes"),
		annotated(contract.AnnotationPerPodDirectory, "true")))
	_, took := formed(t, w, group)
	t.Logf("formed after %.1f s", took.Seconds())
	for ordinal := range group.Replicas {
		if _, err := os.Stat(filepath.Join(directory, group.Pod(ordinal), "appendonlydir")); err != nil {
			t.Errorf("%s does not work in a directory of its own: %v", group.Pod(ordinal), err)
		}
	}
	fill(t, w, group, masterOrdinal(t, w, group))
	// All pods are deleted at once, so that what is left is what lies in the directories.
	for ordinal := range group.Replicas {
		must(t, w.ForceDeletePod(t.Context(), in, group.Pod(ordinal)))
	}
	view, took := formed(t, w, group)
	t.Logf("formed again %.1f s after all pods were deleted, master is %s", took.Seconds(), mustNode(t, view).Pod)
	if missing := missingKeys(t, w, group, mustNode(t, view).Address); missing > 0 {
		t.Errorf("%d keys of %d did not survive a restart of the whole group", missing, adoptedKeys)
	}
}

// TestSharedClaimWithData takes in one Redis with its data on a claim of a fixed name, as most people run it, and makes three of it: more
// pods on that claim are refused, until each gets a directory of its own, and pod 0 goes on with the data.
func TestSharedClaimWithData(t *testing.T) {
	w := connect(t)
	needsNode(t, w)
	in := namespace(t, w, nil)
	directory := filepath.Join("/var/lib", in)
	sharedVolume(t, w, in, directory)
	appendOnly := args("--appendonly", "yes")
	group := apply(t, w, in, plain("redis", sharedClaim, asRedisUser, appendOnly, replicas(1)))
	until(t, "the plain Redis to answer", func(ctx context.Context) string {
		view, err := w.Look(ctx, group)
		if err != nil || len(view.Nodes) != 1 || view.Nodes[0].Redis.Role == "" {
			return fmt.Sprint(view, err)
		}
		return ""
	})
	fill(t, w, group, 0)

	said, err := w.ApplyText(t.Context(), in, manifest(t, plain("redis", labelled, sharedClaim, asRedisUser, appendOnly, replicas(1))))
	if must(t, err); !strings.Contains(said, "one replica only") {
		t.Errorf("no word that it cannot be scaled: %s", said)
	}
	formed(t, w, group)
	if _, err := w.ApplyText(t.Context(), in, manifest(t, plain("redis", labelled, sharedClaim, asRedisUser, appendOnly))); err == nil || !strings.Contains(err.Error(), contract.AnnotationPerPodDirectory) {
		t.Errorf("three pods on one claim: %v", err)
	}
	if _, err := w.Kubectl(t.Context(), "", "scale", "-n", in, "statefulset/redis", "--replicas=3"); err == nil || !strings.Contains(err.Error(), contract.AnnotationPerPodDirectory) {
		t.Errorf("kubectl scale to three pods on one claim: %v", err)
	}
	group = apply(t, w, in, plain("redis", labelled, sharedClaim, asRedisUser, appendOnly, annotated(contract.AnnotationPerPodDirectory, "true")))
	view, took := formed(t, w, group)
	t.Logf("three of one after %.1f s, master is %s", took.Seconds(), mustNode(t, view).Pod)
	until(t, "each pod to work in a directory of its own, pod 0 by the rollout", func(context.Context) string {
		for ordinal := range group.Replicas {
			if _, err := os.Stat(filepath.Join(directory, group.Pod(ordinal), "appendonlydir")); err != nil {
				return err.Error()
			}
		}
		return ""
	})
	formed(t, w, group)
	if left, err := filepath.Glob(filepath.Join(directory, "appendonly*")); err != nil || len(left) > 0 {
		t.Errorf("%v is left at the root of the volume, %v", left, err)
	}
	until(t, "all pods to have the data", func(ctx context.Context) string { return keysEverywhere(ctx, w, group) })
	masterLost(t, w, group)
	view, _ = formed(t, w, group)
	if missing := missingKeys(t, w, group, mustNode(t, view).Address); missing > 0 {
		t.Errorf("%d keys of %d are lost", missing, adoptedKeys)
	}
}

func asRedisUser(set *appsv1.StatefulSet) {
	user := int64(redisUser)
	set.Spec.Template.Spec.SecurityContext = &corev1.PodSecurityContext{RunAsUser: &user, RunAsGroup: &user}
}

// sharedVolume binds the claim of sharedClaim to a directory of the node.
func sharedVolume(t *testing.T, w *world.World, namespace, directory string) {
	t.Helper()
	must(t, os.Mkdir(directory, 0o755))
	must(t, os.Chown(directory, redisUser, redisUser))
	kind := corev1.HostPathDirectory
	none := ""
	modes := []corev1.PersistentVolumeAccessMode{corev1.ReadWriteMany}
	size := corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("64Mi")}
	volumes := w.Client.CoreV1().PersistentVolumes()
	_, err := volumes.Create(t.Context(), &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: namespace},
		Spec: corev1.PersistentVolumeSpec{
			Capacity: size, AccessModes: modes, PersistentVolumeReclaimPolicy: corev1.PersistentVolumeReclaimRetain,
			ClaimRef:               &corev1.ObjectReference{Namespace: namespace, Name: "shared"},
			PersistentVolumeSource: corev1.PersistentVolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: directory, Type: &kind}},
		},
	}, metav1.CreateOptions{})
	must(t, err)
	t.Cleanup(func() {
		ctx, cancel := afterwards(t)
		defer cancel()
		if t.Failed() {
			t.Log(w.Describe(ctx, namespace))
		}
		// The pods still write into it: the namespace goes first, and its own cleanup finds nothing left to do.
		if failure := w.RemoveNamespace(ctx, namespace); failure != nil {
			t.Error(failure)
		}
		if failure := volumes.Delete(ctx, namespace, metav1.DeleteOptions{}); failure != nil && !apierrors.IsNotFound(failure) {
			t.Error(failure)
		}
		if failure := os.RemoveAll(directory); failure != nil {
			t.Error(failure)
		}
	})
	_, err = w.Client.CoreV1().PersistentVolumeClaims(namespace).Create(t.Context(), &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: "shared"},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: modes, StorageClassName: &none, VolumeName: namespace,
			Resources: corev1.VolumeResourceRequirements{Requests: size},
		},
	}, metav1.CreateOptions{})
	must(t, err)
}
