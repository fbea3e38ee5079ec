// SPDX-License-Identifier: Apache-2.0

package serving

import (
	"context"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// watchPause is the pause after a watch that broke.
const watchPause = 2 * time.Second

// watch wakes the loop when a configuration or the Secret changes. What changed is not looked at: the rotation reads all of
// it again.
func (r *Rotator) watch(ctx context.Context, watches *sync.WaitGroup, changes chan<- struct{}) {
	follow := func(kind schema.GroupVersionKind, name client.ObjectKey) {
		watches.Go(func() {
			wait.UntilWithContext(ctx, func(ctx context.Context) { r.watchOnce(ctx, kind, name, changes) }, watchPause)
		})
	}
	for _, name := range r.options.Configurations {
		follow(schema.GroupVersionKind{Group: "admissionregistration.k8s.io", Version: "v1", Kind: "MutatingWebhookConfigurationList"}, client.ObjectKey{Name: name})
	}
	follow(schema.GroupVersionKind{Version: "v1", Kind: "SecretList"}, r.options.Secret)
}

// watchOnce follows the metadata of one object until the watch breaks; the tick of the loop covers what is missed
// before the next.
func (r *Rotator) watchOnce(ctx context.Context, kind schema.GroupVersionKind, name client.ObjectKey, changes chan<- struct{}) {
	list := &metav1.PartialObjectMetadataList{}
	list.SetGroupVersionKind(kind)
	watcher, err := r.client.Watch(ctx, list, client.InNamespace(name.Namespace), client.MatchingFields{"metadata.name": name.Name})
	if err != nil {
		r.log.V(1).Info("Cannot watch", "kind", kind.Kind, "name", name.Name, "reason", err.Error())
		return
	}
	defer watcher.Stop()
	for range watcher.ResultChan() {
		select {
		case changes <- struct{}{}:
		default:
		}
	}
}
