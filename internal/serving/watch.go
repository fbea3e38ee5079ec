// SPDX-License-Identifier: Apache-2.0

package serving

import (
	"context"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// watch wakes the loop when a configuration or the Secret changes. What changed is not looked at: the turn reads all of
// it anew.
func (k *Keeper) watch(ctx context.Context, changes chan<- struct{}) {
	for _, name := range k.options.Configurations {
		kind := schema.GroupVersionKind{Group: "admissionregistration.k8s.io", Version: "v1", Kind: "MutatingWebhookConfigurationList"}
		go k.watchOne(ctx, kind, client.ObjectKey{Name: name}, changes)
	}
	go k.watchOne(ctx, schema.GroupVersionKind{Version: "v1", Kind: "SecretList"}, k.options.Secret, changes)
}

// watchOne follows the metadata of one object until the context ends. A watch that breaks is opened again after a pause;
// the tick of the loop covers what was missed.
func (k *Keeper) watchOne(ctx context.Context, kind schema.GroupVersionKind, name client.ObjectKey, changes chan<- struct{}) {
	const pause = 2 * time.Second
	for ctx.Err() == nil {
		list := &metav1.PartialObjectMetadataList{}
		list.SetGroupVersionKind(kind)
		watcher, err := k.client.Watch(ctx, list, client.InNamespace(name.Namespace), client.MatchingFields{"metadata.name": name.Name})
		if err != nil {
			k.log.V(1).Info("Cannot watch", "kind", kind.Kind, "name", name.Name, "reason", err.Error())
		} else {
			for range watcher.ResultChan() {
				select {
				case changes <- struct{}{}:
				default:
				}
			}
			watcher.Stop()
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}
