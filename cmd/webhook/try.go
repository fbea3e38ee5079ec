// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/uuid"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// try sends a labelled pod through the API server with dry-run, and looks whether it came back with the agent. Nothing is
// made. The account that asks must be allowed to create pods in the namespace.
func try(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("try", flag.ContinueOnError)
	namespace := flags.String("namespace", "default", "namespace of the pod; not the webhook's own")
	if help, err := parse(flags, args, stderr); help || err != nil {
		return err
	}
	c, err := newClient()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	return tryPod(ctx, c, *namespace, stdout)
}

func tryPod(ctx context.Context, c client.Client, namespace string, out io.Writer) error {
	pod := samplePod(namespace)
	if err := c.Create(ctx, pod, client.DryRunAll); err != nil {
		return fmt.Errorf("creating a labelled pod in namespace %s with dry-run: %w", namespace, err)
	}
	at := slices.IndexFunc(pod.Spec.InitContainers, func(c corev1.Container) bool { return c.Name == contract.AgentContainer })
	if at < 0 {
		return errors.New("the pod came back without the agent: the webhook was not asked; see `webhook check`")
	}
	agent := pod.Spec.InitContainers[at]
	_, err := fmt.Fprintf(out, "A labelled pod in namespace %s gets the agent %s from image %s.\n", namespace, agent.Name, agent.Image)
	return err
}

// samplePod is pod 0 of a StatefulSet that there is not, as the StatefulSet controller would make it. It passes Pod
// Security restricted.
func samplePod(namespace string) *corev1.Pod {
	const name = "redis-sentinel-webhook-try"
	yes, no := true, false
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: namespace, Name: name + "-0",
			Labels: map[string]string{contract.LabelOptIn: contract.OptInEnabled},
			OwnerReferences: []metav1.OwnerReference{{
				APIVersion: "apps/v1", Kind: "StatefulSet", Name: name, UID: uuid.NewUUID(), Controller: &yes,
			}},
		},
		Spec: corev1.PodSpec{
			SecurityContext: &corev1.PodSecurityContext{
				RunAsNonRoot:   &yes,
				SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
			},
			Containers: []corev1.Container{{
				Name: contract.RedisContainer, Image: "redis",
				SecurityContext: &corev1.SecurityContext{
					AllowPrivilegeEscalation: &no,
					Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
				},
			}},
		},
	}
}
