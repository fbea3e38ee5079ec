// SPDX-License-Identifier: Apache-2.0

package app

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

// dryRun sends a labelled pod through the API server with dry-run, and checks that it came back with the agent. Nothing is
// created. The account that asks must be allowed to create pods in the namespace.
func dryRun(ctx context.Context, p Process) error {
	flags := flag.NewFlagSet("dry-run", flag.ContinueOnError)
	namespace := flags.String("namespace", "default", "namespace of the pod; not the webhook's own")
	if err := parse(flags, p); err != nil {
		return err
	}
	c, err := connect()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	return dryRunPod(ctx, c, *namespace, p.Stdout)
}

func dryRunPod(ctx context.Context, c client.Client, namespace string, out io.Writer) error {
	pod := samplePod(namespace)
	if err := c.Create(ctx, pod, client.DryRunAll); err != nil {
		return fmt.Errorf("creating a labelled pod in namespace %s with dry-run: %w", namespace, err)
	}
	at := slices.IndexFunc(pod.Spec.InitContainers, func(c corev1.Container) bool { return c.Name == contract.AgentContainer })
	if at < 0 {
		return errors.New("the pod came back without the agent: the webhook was not called; see `webhook check`")
	}
	agent := pod.Spec.InitContainers[at]
	_, err := fmt.Fprintf(out, "A labelled pod in namespace %s gets the agent %s from image %s.\n", namespace, agent.Name, agent.Image)
	return err
}

// samplePod is pod 0 of a StatefulSet that does not exist, as the StatefulSet controller would make it. It passes Pod
// Security restricted.
func samplePod(namespace string) *corev1.Pod {
	const name = "redis-sentinel-webhook-dry-run"
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: namespace, Name: name + "-0",
			Labels: map[string]string{contract.LabelOptIn: contract.OptInEnabled},
			OwnerReferences: []metav1.OwnerReference{{
				APIVersion: "apps/v1", Kind: "StatefulSet", Name: name, UID: uuid.NewUUID(), Controller: new(true),
			}},
		},
		Spec: corev1.PodSpec{
			SecurityContext: &corev1.PodSecurityContext{
				RunAsNonRoot:   new(true),
				SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
			},
			Containers: []corev1.Container{{
				Name: contract.RedisContainer, Image: "redis",
				SecurityContext: &corev1.SecurityContext{
					AllowPrivilegeEscalation: new(false),
					Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
				},
			}},
		},
	}
}
