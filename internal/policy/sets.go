// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// AllNamespaces in a set's list of namespaces is every namespace.
const AllNamespaces = "*"

// Serves reports whether groups of a namespace may be watched by the set.
func (s Set) Serves(namespace string) bool {
	if len(s.Namespaces) == 0 {
		return namespace == s.Namespace
	}
	return slices.Contains(s.Namespaces, namespace) || slices.Contains(s.Namespaces, AllNamespaces)
}

// servesOnly reports whether every group of the set lies in this one namespace, so that short names cannot collide.
func (s Set) servesOnly(namespace string) bool {
	if len(s.Namespaces) == 0 {
		return namespace == s.Namespace
	}
	return len(s.Namespaces) == 1 && s.Namespaces[0] == namespace
}

func (s Set) String() string { return s.Namespace + "/" + s.Name }

func (s Set) withDefaults() Set {
	s.Service = cmp.Or(s.Service, s.Name+"-headless")
	s.Replicas = cmp.Or(s.Replicas, contract.DefaultSentinelReplicas)
	s.Port = cmp.Or(s.Port, contract.SentinelPort)
	return s
}

func (s Set) contract() contract.SentinelSet {
	return contract.SentinelSet{Namespace: s.Namespace, Name: s.Name, Service: s.Service, Replicas: s.Replicas, Port: s.Port}
}

// find is the listed set of that name.
func (p *Policy) find(namespace, name string) (Set, bool) {
	for _, s := range p.file.SentinelSets {
		if s.Namespace == namespace && s.Name == name {
			return s, true
		}
	}
	return Set{}, false
}

// choose picks the set that watches an object's group: what the annotation names in the pod's own namespace; else what
// the policy names; else the first listed set of the pod's own namespace; else the first listed set that serves it.
// listed is false for a set that only the annotation knows.
func (p *Policy) choose(o Object, named *string) (set Set, listed bool, err error) {
	if name, ok := o.PodAnnotations[contract.AnnotationSentinels]; ok {
		return p.annotated(o.Namespace, name)
	}
	if named != nil {
		namespace, name, _ := strings.Cut(*named, "/")
		set, _ := p.find(namespace, name) // Parse has seen it
		return set, true, serves(set, o.Namespace)
	}
	for _, own := range []bool{true, false} {
		for _, s := range p.file.SentinelSets {
			if (s.Namespace == o.Namespace) == own && s.Serves(o.Namespace) {
				return s, true, nil
			}
		}
	}
	return Set{}, false, fmt.Errorf("no Sentinel set of the policy serves namespace %s: add it to the namespaces of a set in sentinelSets, or name a Sentinel StatefulSet of this namespace with annotation %s", o.Namespace, contract.AnnotationSentinels)
}

func (p *Policy) annotated(namespace, name string) (Set, bool, error) {
	if !isObjectName(name) {
		return Set{}, false, &AnnotationError{contract.AnnotationSentinels, fmt.Errorf("%q is not the name of a StatefulSet: write the name of one in the pod's own namespace; a set of another namespace can only be named by the policy", name)}
	}
	if set, ok := p.find(namespace, name); ok {
		return set, true, serves(set, namespace)
	}
	return Set{Namespace: namespace, Name: name}.withDefaults(), false, nil
}

func serves(s Set, namespace string) error {
	if s.Serves(namespace) {
		return nil
	}
	return fmt.Errorf("the Sentinel set %s does not serve namespace %s: add the namespace to the namespaces of that set in sentinelSets of the policy", s, namespace)
}

// masterName checks the names that groups of a set are watched under. A set that serves several namespaces tells groups
// apart by this name alone, so there it is computed, and nobody chooses.
func masterName(o Object, set Set, r *Resolved) error {
	only := set.servesOnly(o.Namespace)
	if r.ShortMasterName && !only {
		return fmt.Errorf("masterName short: Sentinel set %s does not serve namespace %s alone, and short names of two namespaces could be the same: use namespaced, or let the set serve this one namespace", set, o.Namespace)
	}
	name, ok := o.PodAnnotations[contract.AnnotationMasterName]
	if !ok {
		return nil
	}
	switch {
	case !contract.ValidMasterName(name):
		return &AnnotationError{contract.AnnotationMasterName, fmt.Errorf("%q is not a valid master name: use letters, digits, dots, dashes and underscores only", name)}
	case !only:
		return &AnnotationError{contract.AnnotationMasterName, fmt.Errorf("%q is not allowed here: Sentinel set %s serves other namespaces too, and there every group is called <namespace>.<statefulset>: remove the annotation, or let a set watch the group that serves namespace %s alone", name, set, o.Namespace)}
	}
	r.MasterName = name
	return nil
}
