// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

// Changes are what Events at the StatefulSet tell of changes of master, in the order in which they were written. It is an error where they
// are not as many as the record counts: each is told once, and nothing else is.
func (set *Set) Changes(ctx context.Context) ([]string, error) {
	_, lease, err := set.Record(ctx)
	if err != nil {
		return nil, err
	}
	list, err := set.scene.Client.CoreV1().Events(set.scene.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("listing Events: %w", err)
	}
	told := slices.DeleteFunc(list.Items, func(e corev1.Event) bool {
		return e.Reason != "MasterChanged" || e.InvolvedObject.Kind != "StatefulSet" || e.InvolvedObject.Name != set.Name
	})
	slices.SortFunc(told, func(a, b corev1.Event) int { return strings.Compare(a.Name, b.Name) }) // their epochs are in their names
	var messages []string
	for _, e := range told {
		messages = append(messages, e.Message)
	}
	if want := 1 + int(ptr.Deref(lease.Spec.LeaseTransitions, 0)); len(messages) != want {
		return messages, fmt.Errorf("the record counts %d changes of master and its beginning, Events tell of %d: %s", want-1, len(messages), strings.Join(messages, " | "))
	}
	return messages, nil
}
