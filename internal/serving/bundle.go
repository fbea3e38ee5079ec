// SPDX-License-Identifier: Apache-2.0

package serving

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	applyv1 "k8s.io/client-go/applyconfigurations/admissionregistration/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// entries are the frozen names under which we own a caBundle.
func entries() []string { return contract.WebhookEntries() }

// publish makes every entry of ours in the named configuration carry the bundle, and reports whether it had to write.
//
// Applied is the whole list of our entries that the live object has: an entry left out would be given up, an entry that
// the object does not have would be an incomplete new one. A configuration without entries of ours is an error.
func publish(ctx context.Context, c client.Client, name string, bundle []byte) (wrote bool, err error) {
	live := &admissionv1.MutatingWebhookConfiguration{}
	if err := c.Get(ctx, client.ObjectKey{Name: name}, live); err != nil {
		return false, fmt.Errorf("reading MutatingWebhookConfiguration %s: %w", name, err)
	}
	desired := applyv1.MutatingWebhookConfiguration(name)
	stale := false
	for _, entry := range live.Webhooks {
		if !slices.Contains(entries(), entry.Name) {
			continue
		}
		stale = stale || !bytes.Equal(entry.ClientConfig.CABundle, bundle)
		desired.WithWebhooks(applyv1.MutatingWebhook().WithName(entry.Name).
			WithClientConfig(applyv1.WebhookClientConfig().WithCABundle(bundle...)))
	}
	if len(desired.Webhooks) == 0 {
		return false, fmt.Errorf("MutatingWebhookConfiguration %s has none of the webhook's entries %v", name, entries())
	}
	if !stale {
		return false, nil
	}
	if err := c.Apply(ctx, desired, client.FieldOwner(contract.FieldManager), client.ForceOwnership); err != nil {
		return false, fmt.Errorf("writing caBundle of MutatingWebhookConfiguration %s: %w", name, err)
	}
	return true, nil
}
