// SPDX-License-Identifier: Apache-2.0

package world

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// namespaceGone bounds how long a namespace may take to disappear: the pods' grace period and a little more.
const namespaceGone = 2 * time.Minute

// MakeNamespace creates a namespace, or uses an existing one. It returns when pods can be created in it.
func (w *World) MakeNamespace(ctx context.Context, name string, labels map[string]string) error {
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}}
	_, err := w.Client.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("creating namespace %s: %w", name, err)
	}
	_, err = Until(ctx, 30*time.Second, "the default service account of namespace "+name, func(ctx context.Context) string {
		if _, missing := w.Client.CoreV1().ServiceAccounts(name).Get(ctx, "default", metav1.GetOptions{}); missing != nil {
			return missing.Error()
		}
		return ""
	})
	return err
}

// RemoveNamespace deletes a namespace and waits until it is gone; one that does not exist is not an error.
func (w *World) RemoveNamespace(ctx context.Context, name string) error {
	if err := w.DeleteNamespace(ctx, name); err != nil {
		return err
	}
	return w.NamespaceGone(ctx, name)
}

// DeleteNamespace deletes a namespace and does not wait.
func (w *World) DeleteNamespace(ctx context.Context, name string) error {
	err := w.Client.CoreV1().Namespaces().Delete(ctx, name, metav1.DeleteOptions{})
	if err == nil || apierrors.IsNotFound(err) || apierrors.IsConflict(err) { // a conflict: it is being deleted already
		return nil
	}
	return fmt.Errorf("deleting namespace %s: %w", name, err)
}

// NamespaceGone waits until a deleted namespace is gone.
func (w *World) NamespaceGone(ctx context.Context, name string) error {
	_, err := Until(ctx, namespaceGone, "namespace "+name+" to be gone", func(ctx context.Context) string {
		namespace, err := w.Client.CoreV1().Namespaces().Get(ctx, name, metav1.GetOptions{})
		switch {
		case apierrors.IsNotFound(err):
			return ""
		case err != nil:
			return err.Error()
		}
		return describeTermination(namespace)
	})
	return err
}

func describeTermination(namespace *corev1.Namespace) string {
	text := "it is " + string(namespace.Status.Phase)
	for _, condition := range namespace.Status.Conditions {
		if condition.Status == corev1.ConditionTrue {
			text += "; " + condition.Message
		}
	}
	return text
}
