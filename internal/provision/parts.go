// SPDX-License-Identifier: Apache-2.0

package provision

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/keys"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/mutate"
)

// watcher is what we know of the Sentinel set that watches a group.
type watcher struct {
	// namespace and account are whose rights the set's agents have; without an account nobody gets any.
	namespace, account string
	// missing is the record's condition: why nobody watches the group. Empty: nothing is missing.
	missing string
}

// user is the account as the API server calls it; empty where there is none.
func (w watcher) user() string {
	if w.account == "" {
		return ""
	}
	return contract.Account(w.namespace, w.account)
}

// surroundings are what the parts of a group depend on beside the group itself. Names and kinds of the parts do not, so
// where only those count all of this may be empty.
type surroundings struct {
	// settings is the text of the record's settings.
	settings string
	watcher  watcher
	// labelsRole is the ClusterRole with LabelsRules.
	labelsRole string
	// release is the key from which passwords are derived.
	release keys.Release
}

// parts describes everything that a group needs. Its keys come before the record, which tells the agents to use them. What the Sentinel set gets comes first: in a group of the version before
// its account has its rights from the group's own binding, which ends here.
func parts(g mutate.Group, around surroundings) []*part {
	if g.Role == contract.PodRoleSentinel {
		return sentinelParts(g, around.release)
	}
	name, watchersName := contract.ObjectName(g.StatefulSet), contract.WatchersRoleName(g.StatefulSet)
	own := account(g.Namespace, accountOf(g))
	sentinel := account(around.watcher.namespace, around.watcher.account)
	role := rolePart(g, name, GroupRules(g.StatefulSet, g.MasterService))
	watchers := rolePart(g, watchersName, WatchersRules(g.StatefulSet, g.MasterService))
	labels := rbacv1.RoleRef{APIGroup: rbac, Kind: "ClusterRole", Name: around.labelsRole}
	out := []*part{
		watchers, bindingPart(g, watchersName, roleRef(watchers), sentinel).following(watchers),
		bindingPart(g, contract.LabelsBindingName(g.StatefulSet), labels, sentinel),
		keysPart(g, around.release),
		recordPart(g, around),
		role, bindingPart(g, name, roleRef(role), own).following(role),
		masterServicePart(g),
		replicasServicePart(g),
	}
	return once(append(out, accountParts(g)...))
}

// once leaves one part of each kind and name: two that disagree about one object would write it in turn, for ever. Admission refuses
// what would come to that.
func once(all []*part) []*part {
	seen := map[string]bool{}
	return slices.DeleteFunc(all, func(p *part) bool {
		what := kindOf(p.object) + " " + p.object.GetName()
		again := seen[what]
		seen[what] = true
		return again
	})
}

// formerParts are what the version before made for a group, and what is removed once the parts are there.
func formerParts(g mutate.Group) []client.Object {
	if g.Role == contract.PodRoleSentinel {
		return nil
	}
	of := meta(g.Namespace, contract.FormerLabelsRoleName(g.StatefulSet), g.StatefulSet)
	return []client.Object{&rbacv1.RoleBinding{ObjectMeta: of}, &rbacv1.Role{ObjectMeta: of}}
}

// sentinelParts describes what a user's own Sentinel set needs.
func sentinelParts(g mutate.Group, release keys.Release) []*part {
	name := contract.ObjectName(g.StatefulSet)
	role := rolePart(g, name, SentinelSetRules())
	binding := bindingPart(g, name, roleRef(role), account(g.Namespace, accountOf(g))).following(role)
	return append([]*part{peerPart(g, release), role, binding}, accountParts(g)...)
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

// recordPart is the record. Agents own its holder and all annotations but those that are described here.
func recordPart(g mutate.Group, around surroundings) *part {
	object := &coordinationv1.Lease{ObjectMeta: meta(g.Namespace, contract.ObjectName(g.StatefulSet), g.StatefulSet)}
	object.Annotations = map[string]string{
		contract.RecordSettings: around.settings,
		contract.RecordWriters:  writers(contract.Account(g.Namespace, accountOf(g)), around.watcher.user()),
	}
	if condition := around.watcher.missing; condition != "" {
		object.Annotations[contract.RecordCondition] = condition
	}
	return &part{object: object, align: func(live client.Object) bool {
		annotations := maps.Clone(live.GetAnnotations())
		if annotations == nil {
			annotations = map[string]string{}
		}
		for _, name := range webhooksAnnotations() {
			delete(annotations, name)
		}
		maps.Copy(annotations, object.Annotations)
		if maps.Equal(annotations, live.GetAnnotations()) {
			return false
		}
		live.SetAnnotations(annotations)
		return true
	}}
}

// webhooksAnnotations are those of a record that agents never write.
func webhooksAnnotations() []string {
	return []string{contract.RecordSettings, contract.RecordCondition, contract.RecordWriters}
}

// writers renders RecordWriters of the users that there are.
func writers(users ...string) string {
	users = slices.DeleteFunc(users, func(user string) bool { return user == "" })
	return strings.Join(slices.Compact(users), ",")
}

func rolePart(g mutate.Group, name string, rules []rbacv1.PolicyRule) *part {
	return &part{
		object: &rbacv1.Role{ObjectMeta: meta(g.Namespace, name, g.StatefulSet), Rules: rules},
		align: func(live client.Object) bool {
			return set(&live.(*rbacv1.Role).Rules, rules, func(a, b []rbacv1.PolicyRule) bool { return equality.Semantic.DeepEqual(a, b) })
		},
	}
}

// roleRef names a Role of the same namespace.
func roleRef(role *part) rbacv1.RoleRef {
	return rbacv1.RoleRef{APIGroup: rbac, Kind: "Role", Name: role.object.GetName()}
}

// bindingPart binds a role; where nobody is to have it, it is bound to nobody.
func bindingPart(g mutate.Group, name string, ref rbacv1.RoleRef, subjects ...rbacv1.Subject) *part {
	subjects = distinct(subjects)
	return &part{
		object:  &rbacv1.RoleBinding{ObjectMeta: meta(g.Namespace, name, g.StatefulSet), RoleRef: ref, Subjects: subjects},
		replace: func(live client.Object) bool { return live.(*rbacv1.RoleBinding).RoleRef != ref },
		align: func(live client.Object) bool {
			return set(&live.(*rbacv1.RoleBinding).Subjects, subjects, func(a, b []rbacv1.Subject) bool { return equality.Semantic.DeepEqual(a, b) })
		},
	}
}

// following makes a part wait for another.
func (p *part) following(other *part) *part {
	p.after = other
	return p
}

// masterServicePart follows the role label of the master until the agents beside Sentinels lead it to one pod, and stays where they lead
// it then.
func masterServicePart(g mutate.Group) *part {
	return servicePart(g, g.MasterService, contract.AnnotationMasterService, func(live map[string]string) map[string]string {
		pod := live[contract.LabelPodUID]
		if led := contract.SelectorOf(g.StatefulSet, pod); pod != "" && maps.Equal(live, led) {
			return led
		}
		return contract.SelectorOf(g.StatefulSet, "")
	})
}

// replicasServicePart follows the role label of the replicas.
func replicasServicePart(g mutate.Group) *part {
	return servicePart(g, g.ReplicasService, contract.AnnotationReplicasService, func(map[string]string) map[string]string {
		return map[string]string{contract.LabelGroup: g.StatefulSet, contract.LabelRole: contract.RoleReplica}
	})
}

// servicePart selects pods as it should by what it selects now, which is nothing before there is one. A type, node port or annotation
// that the user gave it stays.
func servicePart(g mutate.Group, name, rename string, selector func(live map[string]string) map[string]string) *part {
	port := corev1.ServicePort{Name: "redis", Port: int32(g.Port), TargetPort: intstr.FromInt32(int32(g.Port)), Protocol: corev1.ProtocolTCP}
	object := &corev1.Service{ObjectMeta: meta(g.Namespace, name, g.StatefulSet)}
	object.Spec = corev1.ServiceSpec{Selector: selector(nil), Ports: []corev1.ServicePort{port}}
	return &part{object: object, optional: true, rename: rename, align: func(live client.Object) bool {
		spec := &live.(*corev1.Service).Spec
		changed := set(&spec.Selector, selector(spec.Selector), maps.Equal[map[string]string, map[string]string])
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
