// SPDX-License-Identifier: Apache-2.0

package provision

import (
	"cmp"
	"maps"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/mutate"
)

// watcher is what we know of the Sentinel set that watches a group.
type watcher struct {
	namespace, account string
	// missing is the record's condition: why nobody watches the group. Empty: nothing is missing.
	missing string
}

// parts describes everything that a group needs. The settings are the text of the record; names and kinds do not depend
// on them or on the watcher, so both may be empty where only those count.
func parts(g mutate.Group, settings string, w watcher) []*part {
	if g.Role == contract.PodRoleSentinel {
		return sentinelParts(g)
	}
	name := contract.ObjectName(g.StatefulSet)
	labelsName := contract.LabelsRoleName(g.StatefulSet)
	own := account(g.Namespace, accountOf(g))
	sentinel := account(w.namespace, w.account)
	role := rolePart(g, name, GroupRules(g.StatefulSet))
	labels := rolePart(g, labelsName, LabelsRules())
	out := []*part{
		recordPart(g, settings, w.missing),
		role, bindingPart(g, name, role, own, sentinel),
		labels, bindingPart(g, labelsName, labels, sentinel),
		servicePart(g, g.MasterService, contract.RoleMaster, contract.AnnotationMasterService),
		servicePart(g, g.ReplicasService, contract.RoleReplica, contract.AnnotationReplicasService),
	}
	return append(out, accountParts(g)...)
}

// sentinelParts describes what a user's own Sentinel set needs.
func sentinelParts(g mutate.Group) []*part {
	name := contract.ObjectName(g.StatefulSet)
	role := rolePart(g, name, SentinelSetRules(g.StatefulSet))
	secret := &part{
		object:   &corev1.Secret{ObjectMeta: meta(g.Namespace, contract.PeerSecretName(g.StatefulSet), g.StatefulSet)},
		uncached: true,
	}
	return append([]*part{secret, role, bindingPart(g, name, role, account(g.Namespace, accountOf(g)))}, accountParts(g)...)
}

// accountOf is the account that the group's pods run under.
func accountOf(g mutate.Group) string {
	return cmp.Or(g.Account, contract.ObjectName(g.StatefulSet))
}

// accountParts is the account, unless the user brought one.
func accountParts(g mutate.Group) []*part {
	if g.OwnAccount {
		return nil
	}
	return []*part{{
		object: &corev1.ServiceAccount{ObjectMeta: meta(g.Namespace, accountOf(g), g.StatefulSet), AutomountServiceAccountToken: new(false)},
		align: func(live client.Object) bool {
			return set(&live.(*corev1.ServiceAccount).AutomountServiceAccountToken, new(false), ptr.Equal[bool])
		},
	}}
}

// recordPart is the record. Agents own its holder and all annotations but the settings and the condition.
func recordPart(g mutate.Group, settings, condition string) *part {
	object := &coordinationv1.Lease{ObjectMeta: meta(g.Namespace, contract.ObjectName(g.StatefulSet), g.StatefulSet)}
	object.Annotations = map[string]string{contract.RecordSettings: settings}
	if condition != "" {
		object.Annotations[contract.RecordCondition] = condition
	}
	return &part{object: object, align: func(live client.Object) bool {
		was := live.GetAnnotations()
		if was[contract.RecordSettings] == settings && was[contract.RecordCondition] == condition {
			return false
		}
		annotations := maps.Clone(was)
		if annotations == nil {
			annotations = map[string]string{}
		}
		delete(annotations, contract.RecordCondition)
		maps.Copy(annotations, object.Annotations)
		live.SetAnnotations(annotations)
		return true
	}}
}

func rolePart(g mutate.Group, name string, rules []rbacv1.PolicyRule) *part {
	return &part{
		object: &rbacv1.Role{ObjectMeta: meta(g.Namespace, name, g.StatefulSet), Rules: rules},
		align: func(live client.Object) bool {
			return set(&live.(*rbacv1.Role).Rules, rules, func(a, b []rbacv1.PolicyRule) bool { return equality.Semantic.DeepEqual(a, b) })
		},
	}
}

func bindingPart(g mutate.Group, name string, role *part, subjects ...rbacv1.Subject) *part {
	ref := rbacv1.RoleRef{APIGroup: rbac, Kind: "Role", Name: role.object.GetName()}
	subjects = distinct(subjects)
	return &part{
		object:  &rbacv1.RoleBinding{ObjectMeta: meta(g.Namespace, name, g.StatefulSet), RoleRef: ref, Subjects: subjects},
		replace: func(live client.Object) bool { return live.(*rbacv1.RoleBinding).RoleRef != ref },
		align: func(live client.Object) bool {
			return set(&live.(*rbacv1.RoleBinding).Subjects, subjects, func(a, b []rbacv1.Subject) bool { return equality.Semantic.DeepEqual(a, b) })
		},
		after: role,
	}
}

// servicePart follows one role. A type, node port or annotation that the user gave it stays.
func servicePart(g mutate.Group, name, role, rename string) *part {
	selector := map[string]string{contract.LabelGroup: g.StatefulSet, contract.LabelRole: role}
	port := corev1.ServicePort{Name: "redis", Port: int32(g.Port), TargetPort: intstr.FromInt32(int32(g.Port)), Protocol: corev1.ProtocolTCP}
	object := &corev1.Service{ObjectMeta: meta(g.Namespace, name, g.StatefulSet)}
	object.Spec = corev1.ServiceSpec{Selector: selector, Ports: []corev1.ServicePort{port}}
	return &part{object: object, optional: true, rename: rename, align: func(live client.Object) bool {
		spec := &live.(*corev1.Service).Spec
		changed := set(&spec.Selector, selector, maps.Equal[map[string]string, map[string]string])
		if len(spec.Ports) != 1 || !samePort(spec.Ports[0], port) {
			spec.Ports, changed = []corev1.ServicePort{port}, true
		}
		return set(&spec.PublishNotReadyAddresses, false, func(a, b bool) bool { return a == b }) || changed
	}}
}

// account is a subject; without a name it is left out of bindings.
func account(namespace, name string) rbacv1.Subject {
	return rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Namespace: namespace, Name: name}
}

// distinct keeps the first of equal subjects, and only those that have a name.
func distinct(subjects []rbacv1.Subject) []rbacv1.Subject {
	var out []rbacv1.Subject
	seen := map[rbacv1.Subject]bool{}
	for _, s := range subjects {
		if s.Name != "" && s.Namespace != "" && !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}
