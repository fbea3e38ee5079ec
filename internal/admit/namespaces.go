// SPDX-License-Identifier: Apache-2.0

package admit

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// CachedLabels looks Namespaces up in a metadata-only cache. A miss is asked of the API server itself, once: a pod often
// follows its Namespace faster than the cache does.
func CachedLabels(cached, live client.Reader) Labels {
	return func(ctx context.Context, namespace string) (map[string]string, error) {
		found := &metav1.PartialObjectMetadata{}
		found.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Namespace"))
		name := client.ObjectKey{Name: namespace}
		err := cached.Get(ctx, name, found)
		if apierrors.IsNotFound(err) {
			err = live.Get(ctx, name, found)
		}
		if err != nil {
			return nil, fmt.Errorf("reading its labels: %w", err)
		}
		return found.Labels, nil
	}
}
