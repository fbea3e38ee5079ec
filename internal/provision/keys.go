// SPDX-License-Identifier: Apache-2.0

package provision

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/keys"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/mutate"
)

// keysPart is the Secret with the passwords of a group's own users: those of the wanted generation and of the one before, because
// pods take over a generation one after the other. Of what the Sentinels of the group's set present it has the hash alone. All of it
// is derived, so that nothing has to be read to write it again.
func keysPart(g mutate.Group, release keys.Release) *part {
	data := map[string][]byte{}
	set := release.Set(g.Settings.Sentinels.Namespace, g.Settings.Sentinels.Name)
	for generation := max(g.KeyGeneration-1, 1); generation <= max(g.KeyGeneration, 1); generation++ {
		k := release.Group(g.Namespace, g.StatefulSet, generation)
		data[contract.KeyReplication+k.ID] = []byte(k.Replication())
		data[contract.KeyObserver+k.ID] = []byte(k.Observer())
		data[contract.KeyMonitor+k.ID] = []byte(keys.Hash(set.Monitor(g.Namespace, g.StatefulSet, k.ID)))
	}
	return &part{
		object: &corev1.Secret{
			ObjectMeta: meta(g.Namespace, contract.ObjectName(g.StatefulSet), g.StatefulSet), Type: corev1.SecretTypeOpaque, Data: data,
		},
		unread: true, refresh: true,
	}
}

// refreshSecret brings the data of a Secret that exists and is ours to its description. It is told, not compared, because the webhook
// may read none; what else it holds stays, so that a generation goes on being there for pods that still use it.
func (p *Provisioner) refreshSecret(ctx context.Context, wanted *corev1.Secret, statefulSet string) error {
	type step struct {
		Op    string `json:"op"`
		Path  string `json:"path"`
		Value any    `json:"value"`
	}
	steps := []step{
		{"test", "/metadata/labels/redis-sentinel.dev~1managed", contract.Managed},
		{"test", "/metadata/labels/redis-sentinel.dev~1group", statefulSet},
	}
	each := slices.Clone(steps)
	for name, value := range wanted.Data {
		each = append(each, step{"add", "/data/" + name, value})
	}
	write := func(steps []step) error {
		patch, err := json.Marshal(steps)
		if err != nil {
			return err
		}
		live := &corev1.Secret{ObjectMeta: wanted.ObjectMeta}
		return p.live.Patch(ctx, live, client.RawPatch(types.JSONPatchType, patch), client.FieldOwner(contract.FieldManager))
	}
	err := write(each)
	if apierrors.IsInvalid(err) && !isImmutable(err) { // its labels are wrong, or somebody emptied it: there is no place for a key then
		err = write(append(steps, step{"add", "/data", wanted.Data}))
	}
	if isImmutable(err) {
		return &ImmutableError{Namespace: wanted.Namespace, Name: wanted.Name, Remedy: "delete it, and it is written again"}
	}
	if err != nil {
		return fmt.Errorf("writing Secret %s, which has to have the labels of its group: %w", client.ObjectKeyFromObject(wanted), err)
	}
	return nil
}

// giveSetKey writes the key of a Sentinel set into the Secret that its agents share; what stands there already is not written
// again. One that does not exist yet gets it with the next group; an agent without it has its Sentinel present nothing. The set is one that policy lists, or that
// the webhook itself injected.
func (p *Provisioner) giveSetKey(ctx context.Context, namespace, set string) error {
	name := types.NamespacedName{Namespace: namespace, Name: contract.PeerSecretName(set)}
	patch, err := json.Marshal(map[string]any{"data": map[string][]byte{
		contract.PeerSecretKey + p.release.Fingerprint(): []byte(keys.Text(p.release.Set(namespace, set))),
	}})
	if err != nil {
		return fmt.Errorf("encoding the key of Sentinel set %s/%s: %w", namespace, set, err)
	}
	secret := &corev1.Secret{}
	secret.Namespace, secret.Name = name.Namespace, name.Name
	err = p.live.Patch(ctx, secret, client.RawPatch(types.MergePatchType, patch), client.FieldOwner(contract.FieldManager))
	if apierrors.IsNotFound(err) {
		return nil
	}
	if isImmutable(err) {
		return &ImmutableError{Namespace: namespace, Name: name.Name, Remedy: "replace it by one with the same data that is not, or its Sentinels cannot watch this group"}
	}
	if err != nil {
		return fmt.Errorf("writing the key of Sentinel set %s/%s into Secret %s: %w", namespace, set, name, err)
	}
	return nil
}
