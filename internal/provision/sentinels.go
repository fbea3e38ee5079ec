// SPDX-License-Identifier: Apache-2.0

package provision

import (
	"context"
	"fmt"
	"strings"

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
	around := surroundings{labelsRole: p.labelsRole, release: p.release}
	if g.Role == contract.PodRoleSentinel {
		return parts(g, around), nil
	}
	set, w, err := p.watcherOf(ctx, g)
	if err != nil {
		return nil, err
	}
	if w.missing != "" {
		reason, note, _ := strings.Cut(w.missing, ": ")
		p.warn(g, reason, "%s", note)
	}
	if w.account != "" {
		if err = p.giveSetKey(ctx, set.Namespace, set.Name); err != nil {
			return nil, err
		}
	}
	g.Settings.Sentinels, around.watcher = set, w
	g.Settings.Key = p.release.Group(g.Namespace, g.StatefulSet, max(g.KeyGeneration, 1)).ID
	around.settings, err = contract.EncodeGroupSettings(g.Settings)
	if err != nil {
		return nil, err
	}
	return parts(g, around), nil
}

// watcherOf is the Sentinel set of a group as it really is, and who gets its rights. That is nobody where only a tenant's
// annotation says that the StatefulSet is a Sentinel set: policy or the webhook itself has to know it.
func (p *Provisioner) watcherOf(ctx context.Context, g mutate.Group) (contract.SentinelSet, watcher, error) {
	set := g.Settings.Sentinels
	w := watcher{namespace: set.Namespace}
	live := &appsv1.StatefulSet{}
	err := p.live.Get(ctx, client.ObjectKey{Namespace: set.Namespace, Name: set.Name}, live)
	switch {
	case apierrors.IsNotFound(err):
		if g.SentinelsListed {
			w.account = contract.ObjectName(set.Name)
		}
		w.missing = fmt.Sprintf("NoSentinelSet: StatefulSet %s/%s, the Sentinel set of this group, does not exist: Redis replicates, but cannot fail over until it does", set.Namespace, set.Name)
		return set, w, nil
	case err != nil:
		return set, w, fmt.Errorf("reading Sentinel set %s/%s: %w", set.Namespace, set.Name, err)
	}
	account := contract.ObjectName(set.Name)
	if name := live.Spec.Template.Spec.ServiceAccountName; name != "" && name != defaultAccount {
		account = name
	}
	if !g.SentinelsListed {
		doubt, err := p.doubt(ctx, g, live, account)
		if err != nil {
			return set, w, err
		}
		if doubt != "" {
			w.missing = fmt.Sprintf("UnknownSentinelSet: StatefulSet %s/%s, which annotation %s of this group names, %s: its account gets no rights here, and Redis cannot fail over: label that StatefulSet %s=%s and have its pods replaced, or list it in sentinelSets of the policy",
				set.Namespace, set.Name, contract.AnnotationSentinels, doubt, contract.LabelOptIn, contract.OptInEnabled)
			return corrected(set, live), w, nil
		}
	}
	w.account = account
	return corrected(set, live), w, nil
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
