// SPDX-License-Identifier: Apache-2.0

package provision

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/mutate"
)

const (
	// accountRenewed is the reason of the Event about pods whose tokens are of a service account that is gone.
	accountRenewed = "AccountRenewed"
	// namesLong is for how many bytes of their names it has room: the API takes 1024 in all.
	namesLong = 300
	// podsPage is how many are looked for.
	podsPage = 500
)

// tellRenewed tells on the StatefulSet that pods run with tokens of the account before the one that was just made: the API refuses those
// until they expire, and only a person can replace the pods. Where no such pod runs, the account is the group's first. What cannot be
// found out is for the log alone: the account is there all the same.
func (p *Provisioner) tellRenewed(ctx context.Context, g mutate.Group, account *corev1.ServiceAccount) {
	pods := metadataList(corev1.SchemeGroupVersion.WithKind("Pod"))
	err := p.live.List(ctx, pods, client.InNamespace(g.Namespace), client.MatchingFields{"spec.serviceAccountName": account.Name}, client.Limit(podsPage))
	if err != nil {
		log.FromContext(ctx).Error(err, "Cannot look for pods of the account before", "namespace", account.Namespace, "account", account.Name)
		return
	}
	var names []string
	for i := range pods.Items {
		if !pods.Items[i].CreationTimestamp.After(account.CreationTimestamp.Time) {
			names = append(names, pods.Items[i].Name)
		}
	}
	if len(names) == 0 {
		return
	}
	p.warn(g, accountRenewed, "Service account %s was gone and is made again. The API refuses the tokens of the one before, which these pods have: %s. "+
		"Their agents write no record until they get new ones, which may take an hour; only Sentinels fail over. "+
		"Replace the pods: kubectl rollout restart statefulset/%s -n %s, or delete them one after the other.",
		account.Name, listed(names), g.StatefulSet, g.Namespace)
}

// listed names as many as there is room for.
func listed(names []string) string {
	text := names[0]
	for i, name := range names[1:] {
		if len(text)+len(name) > namesLong {
			return fmt.Sprintf("%s and %d more", text, len(names)-i-1)
		}
		text += ", " + name
	}
	return text
}
