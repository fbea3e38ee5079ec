// SPDX-License-Identifier: Apache-2.0

package provision

import (
	"context"
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/mutate"
)

// Kinds that are cached, all of them as metadata only.
var (
	kindNamespace   = corev1.SchemeGroupVersion.WithKind("Namespace")
	kindStatefulSet = appsv1.SchemeGroupVersion.WithKind("StatefulSet")
	kindService     = corev1.SchemeGroupVersion.WithKind("Service")
	kindRole        = rbacv1.SchemeGroupVersion.WithKind("Role")
	kindRoleBinding = rbacv1.SchemeGroupVersion.WithKind("RoleBinding")
)

// provisioned are the cached kinds of which only our own objects are held.
func provisioned() []schema.GroupVersionKind {
	return []schema.GroupVersionKind{
		coordinationv1.SchemeGroupVersion.WithKind("Lease"),
		corev1.SchemeGroupVersion.WithKind("ServiceAccount"),
		kindService,
		kindRole,
		kindRoleBinding,
	}
}

// CacheOptions keep the cache tiny: of Namespaces and StatefulSets the metadata that we look at, of everything else only
// what we made ourselves. A kind that is not listed here is never cached by accident.
func CacheOptions() cache.Options {
	own := cache.ByObject{Label: labels.SelectorFromSet(labels.Set{contract.LabelManaged: contract.Managed}), Transform: strip}
	objects := map[client.Object]cache.ByObject{
		metadata(kindNamespace):   {Transform: strip},
		metadata(kindStatefulSet): {Transform: strip},
	}
	for _, kind := range provisioned() {
		objects[metadata(kind)] = own
	}
	return cache.Options{ByObject: objects, ReaderFailOnMissingInformer: true, DefaultTransform: strip}
}

// Prime starts an informer for every kind that is looked up. It returns once all of them are synced, so the cache must
// run already.
func Prime(ctx context.Context, c cache.Informers) error {
	for _, kind := range append(provisioned(), kindNamespace, kindStatefulSet) {
		if _, err := c.GetInformer(ctx, metadata(kind)); err != nil {
			return fmt.Errorf("starting the informer of %s: %w", kind.Kind, err)
		}
	}
	return nil
}

func metadata(kind schema.GroupVersionKind) *metav1.PartialObjectMetadata {
	o := &metav1.PartialObjectMetadata{}
	o.SetGroupVersionKind(kind)
	return o
}

// longestLive is how much is kept of an annotation that is only compared; no good value is longer, and anybody may write a long one where
// the webhook is not asked.
const longestLive = 253

// strip leaves of an object's metadata what is looked at: names, labels, generation, deletion, what
// the webhook writes into records, and what people ask of a StatefulSet.
func strip(in any) (any, error) {
	o, ok := in.(metav1.Object)
	if !ok {
		return in, nil
	}
	o.SetManagedFields(nil)
	o.SetOwnerReferences(nil)
	o.SetFinalizers(nil)
	kept := map[string]string{}
	for _, name := range webhooksAnnotations() {
		if value, ok := o.GetAnnotations()[name]; ok {
			kept[name] = value
		}
	}
	for _, name := range append(mutate.LiveAnnotations(), contract.AnnotationHandover) {
		if value, ok := o.GetAnnotations()[name]; ok {
			kept[name] = strings.Clone(value[:min(len(value), longestLive)])
		}
	}
	o.SetAnnotations(nil)
	if len(kept) > 0 {
		o.SetAnnotations(kept)
	}
	return in, nil
}

// kindOf is the kind of a typed object of ours, taken from its type.
func kindOf(o client.Object) string {
	name := fmt.Sprintf("%T", o)
	return name[strings.LastIndex(name, ".")+1:]
}
