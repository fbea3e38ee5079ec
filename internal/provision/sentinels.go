// SPDX-License-Identifier: Apache-2.0

package provision

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/mutate"
)

// defaultAccount is what the API server calls the account of pods that name none.
const defaultAccount = "default"

// describe returns the parts of a group. For that it asks the API server about the Sentinel set: how many Sentinels it
// has, where they are found and under which account they run, for which policy only has guesses. A set that does not
// exist (yet) leaves the guesses, and an Event on the group's StatefulSet.
func (p *Provisioner) describe(ctx context.Context, g mutate.Group) ([]*part, error) {
	if g.Role == contract.PodRoleSentinel {
		return parts(g, "", watcher{}), nil
	}
	set := g.Settings.Sentinels
	w := watcher{namespace: set.Namespace, account: contract.ObjectName(set.Name)}
	live := &appsv1.StatefulSet{}
	err := p.live.Get(ctx, client.ObjectKey{Namespace: set.Namespace, Name: set.Name}, live)
	switch {
	case apierrors.IsNotFound(err):
		missing := fmt.Sprintf("StatefulSet %s/%s, the Sentinel set of this group, does not exist: Redis replicates, but cannot fail over until it does", set.Namespace, set.Name)
		p.warn(g, "NoSentinelSet", "%s", missing)
		w.missing = "NoSentinelSet: " + missing
	case err != nil:
		return nil, fmt.Errorf("reading Sentinel set %s/%s: %w", set.Namespace, set.Name, err)
	default:
		g.Settings.Sentinels = corrected(set, live)
		if name := live.Spec.Template.Spec.ServiceAccountName; name != "" && name != defaultAccount {
			w.account = name
		}
	}
	settings, err := contract.EncodeGroupSettings(g.Settings)
	if err != nil {
		return nil, err
	}
	return parts(g, settings, w), nil
}

// corrected lays what the live StatefulSet says over what policy knows. A set that is scaled to nothing keeps its size:
// a majority of none would be none.
func corrected(set contract.SentinelSet, live *appsv1.StatefulSet) contract.SentinelSet {
	if live.Spec.ServiceName != "" {
		set.Service = live.Spec.ServiceName
	}
	if n := live.Spec.Replicas; n != nil && *n > 0 {
		set.Replicas = int(*n)
	}
	return set
}
