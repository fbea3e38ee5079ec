// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"

	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

func (f file) checkSets() field.ErrorList {
	var faults field.ErrorList
	seen := map[string]bool{}
	for i, s := range f.SentinelSets {
		at := field.NewPath("sentinelSets").Index(i)
		if !isNamespace(s.Namespace) {
			faults = append(faults, field.Invalid(at.Child("namespace"), s.Namespace, "must be the namespace of the Sentinel StatefulSet"))
		}
		if !isObjectName(s.Name) {
			faults = append(faults, field.Invalid(at.Child("name"), s.Name, "must be the name of the Sentinel StatefulSet"))
		}
		if seen[s.String()] {
			faults = append(faults, field.Duplicate(at, s.String()))
		}
		seen[s.String()] = true
		faults = append(faults, s.checkServers(at)...)
		for j, namespace := range s.Namespaces {
			if namespace != AllNamespaces && !isNamespace(namespace) {
				faults = append(faults, field.Invalid(at.Child("namespaces").Index(j), namespace, `must be the name of a namespace, or "*" for all`))
			}
		}
	}
	return faults
}

// checkServers checks what may be left out.
func (s Set) checkServers(at *field.Path) field.ErrorList {
	var faults field.ErrorList
	if s.Service != "" && len(validation.IsDNS1035Label(s.Service)) > 0 {
		faults = append(faults, field.Invalid(at.Child("service"), s.Service, "must be the name of the set's headless Service"))
	}
	if s.Replicas < 0 || s.Replicas > maxCount {
		faults = append(faults, field.Invalid(at.Child("replicas"), s.Replicas,
			fmt.Sprintf("must be the number of Sentinels, at most %d; omit it for %d", maxCount, contract.DefaultSentinelReplicas)))
	}
	if s.Port < 0 || s.Port > 65535 {
		faults = append(faults, field.Invalid(at.Child("port"), s.Port, fmt.Sprintf("must be from 1 to 65535; omit it for %d", contract.SentinelPort)))
	}
	return faults
}
