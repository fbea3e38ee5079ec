// SPDX-License-Identifier: Apache-2.0

package provision

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/keys"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/mutate"
)

// peerPart is the Secret that the Sentinels of a user's own set share. What is in it is drawn when it is made, and holds as
// long as it is there.
func peerPart(g mutate.Group, release keys.Release) *part {
	return &part{
		object: &corev1.Secret{ObjectMeta: meta(g.Namespace, contract.PeerSecretName(g.StatefulSet), g.StatefulSet), Type: corev1.SecretTypeOpaque},
		fill: func(object client.Object, random func() string) {
			object.(*corev1.Secret).StringData = map[string]string{
				contract.PeerSecretPassword: random(), contract.PeerSecretIdentity: random(),
				contract.PeerSecretKey + release.Fingerprint(): keys.Text(release.Set(g.Namespace, g.StatefulSet)),
			}
		},
		unread: true,
	}
}

// secretOf returns the metadata of a Secret that bears our labels for the group, though the webhook may read none: a patch
// that changes nothing is refused as invalid where the labels are others. It returns nil where they are, or where there is
// no such Secret.
func (p *Provisioner) secretOf(ctx context.Context, name types.NamespacedName, statefulSet string) (*metav1.PartialObjectMetadata, error) {
	secret := metadata(corev1.SchemeGroupVersion.WithKind("Secret"))
	secret.Namespace, secret.Name = name.Namespace, name.Name
	const pointer = `{"op":"test","path":"/metadata/labels/redis-sentinel.dev~1%s","value":%q}`
	patch := fmt.Sprintf("["+pointer+","+pointer+"]", "managed", contract.Managed, "group", statefulSet)
	err := p.live.Patch(ctx, secret, client.RawPatch(types.JSONPatchType, []byte(patch)), client.FieldOwner(contract.FieldManager))
	if apierrors.IsNotFound(err) || apierrors.IsInvalid(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("looking at the labels of Secret %s: %w", name, err)
	}
	return secret, nil
}

// removeSecrets deletes the Secret of a group, and that of a user's own Sentinel set.
func (p *Provisioner) removeSecrets(ctx context.Context, group types.NamespacedName) error {
	var failures []error
	for _, name := range []string{contract.ObjectName(group.Name), contract.PeerSecretName(group.Name)} {
		secret, err := p.secretOf(ctx, types.NamespacedName{Namespace: group.Namespace, Name: name}, group.Name)
		if err == nil && secret != nil {
			err = p.delete(ctx, secret)
		}
		failures = append(failures, err)
	}
	return errors.Join(failures...)
}
