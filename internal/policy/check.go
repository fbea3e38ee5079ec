// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// maxCount bounds counts, so that none overflows anywhere.
const maxCount = 1000

// check returns every fault of a file at once: whoever writes a policy mends all of them in one go.
func (f file) check() error {
	var faults []error
	if f.APIVersion != APIVersion || f.Kind != Kind {
		faults = append(faults, fmt.Errorf("apiVersion, kind: %q %q is not known: write apiVersion: %s and kind: %s", f.APIVersion, f.Kind, APIVersion, Kind))
	}
	if agentOf(f.Defaults.settings).Image == "" {
		faults = append(faults, errors.New("defaults.agent.image: is missing: name the image of the agent"))
	}
	faults = append(faults, f.checkSets()...)
	faults = append(faults, f.checkSettings("defaults", f.Defaults.settings, f.Defaults.AllowOverrides)...)
	seen := map[string]bool{}
	for i, r := range f.Rules {
		where := fmt.Sprintf("rules[%d]", i)
		if r.Name == "" || seen[r.Name] {
			faults = append(faults, fmt.Errorf("%s.name: %q is missing or used twice: give every rule a name of its own", where, r.Name))
		}
		seen[r.Name] = true
		faults = append(faults, checkSelector(where+".namespaceSelector", r.NamespaceSelector), checkSelector(where+".podSelector", r.PodSelector))
		faults = append(faults, f.checkSettings(where+".settings", r.Settings, r.AllowOverrides)...)
	}
	return errors.Join(faults...)
}

func (f file) checkSets() []error {
	var faults []error
	seen := map[string]bool{}
	for i, s := range f.SentinelSets {
		where := fmt.Sprintf("sentinelSets[%d]", i)
		if !isNamespace(s.Namespace) || !isObjectName(s.Name) {
			faults = append(faults, fmt.Errorf("%s: %q is not <namespace>/<name>: write namespace and name of the Sentinel StatefulSet", where, s))
		}
		if seen[s.String()] {
			faults = append(faults, fmt.Errorf("%s: %s is listed twice: keep one", where, s))
		}
		seen[s.String()] = true
		if s.Service != "" && len(validation.IsDNS1035Label(s.Service)) > 0 {
			faults = append(faults, fmt.Errorf("%s.service: %q is no name of a Service: write that of the set's headless Service", where, s.Service))
		}
		if s.Replicas < 0 || s.Replicas > maxCount {
			faults = append(faults, fmt.Errorf("%s.replicas: %d is not good here: write the number of Sentinels, or leave it out for %d", where, s.Replicas, contract.DefaultSentinelReplicas))
		}
		if s.Port < 0 || s.Port > 65535 {
			faults = append(faults, fmt.Errorf("%s.port: %d is no port: leave it out for %d", where, s.Port, contract.SentinelPort))
		}
		for _, ns := range s.Namespaces {
			if ns != AllNamespaces && !isNamespace(ns) {
				faults = append(faults, fmt.Errorf("%s.namespaces: %q is no namespace: write names, or \"*\" for all", where, ns))
			}
		}
	}
	return faults
}

func (f file) checkSettings(where string, s settings, allow *[]string) []error {
	var faults []error
	fault := func(field, format string, args ...any) {
		faults = append(faults, fmt.Errorf("%s.%s: %s", where, field, fmt.Sprintf(format, args...)))
	}
	if s.Sentinels != nil && !slices.ContainsFunc(f.SentinelSets, func(set Set) bool { return set.String() == *s.Sentinels }) {
		fault("sentinels", "%q is not in sentinelSets: list it there, and write <namespace>/<name> here", *s.Sentinels)
	}
	if s.Quorum != nil && (*s.Quorum < 0 || *s.Quorum > maxCount) {
		fault("quorum", "%d is not good here: write a number of Sentinels, or 0 for a majority", *s.Quorum)
	}
	if s.ParallelSyncs != nil && (*s.ParallelSyncs < 1 || *s.ParallelSyncs > maxCount) {
		fault("parallelSyncs", "%d is not good here: write a number of replicas, at least 1", *s.ParallelSyncs)
	}
	if s.MinReplicasToWrite != nil && (*s.MinReplicasToWrite < 0 || *s.MinReplicasToWrite > maxCount) {
		fault("minReplicasToWrite", "%d is not good here: write a number of replicas, or 0 to write without any", *s.MinReplicasToWrite)
	}
	if s.DownAfter != nil {
		if err := checkDownAfter(s.DownAfter.milliseconds()); err != nil {
			fault("downAfter", "%v", err)
		}
	}
	if s.FailoverTimeout != nil && s.FailoverTimeout.milliseconds() < 1000 {
		fault("failoverTimeout", "is below a second: write at least 1s")
	}
	if s.RecoveryTimeout != nil && s.RecoveryTimeout.milliseconds() < 1000 {
		fault("recoveryTimeout", "is below a second: write at least 1s")
	}
	if s.MinReplicasMaxLag != nil {
		if _, err := wholeSeconds(s.MinReplicasMaxLag.milliseconds()); err != nil {
			fault("minReplicasMaxLag", "%v", err)
		}
	}
	if s.MasterName != nil && *s.MasterName != masterNameNamespaced && *s.MasterName != masterNameShort {
		fault("masterName", "%q is not known: write %s or %s", *s.MasterName, masterNameNamespaced, masterNameShort)
	}
	if allow != nil {
		for _, a := range *allow {
			if !slices.Contains(OverridableAnnotations(), a) {
				fault("allowOverrides", "%q is not among %s", a, strings.Join(OverridableAnnotations(), ", "))
			}
		}
	}
	return append(faults, checkAgent(where+".agent", s.Agent)...)
}

func checkAgent(where string, a *Agent) []error {
	var faults []error
	if a == nil {
		return nil
	}
	switch a.ImagePullPolicy {
	case "", corev1.PullAlways, corev1.PullIfNotPresent, corev1.PullNever:
	default:
		faults = append(faults, fmt.Errorf("%s.imagePullPolicy: %q is not known: write Always, IfNotPresent or Never", where, a.ImagePullPolicy))
	}
	for _, name := range a.ImagePullSecrets {
		if !isObjectName(name) {
			faults = append(faults, fmt.Errorf("%s.imagePullSecrets: %q is no name of a Secret: write a list of names", where, name))
		}
	}
	if a.Resources != nil {
		for name, request := range a.Resources.Requests {
			if limit, ok := a.Resources.Limits[name]; ok && request.Cmp(limit) > 0 {
				faults = append(faults, fmt.Errorf("%s.resources: the request of %s is above its limit: lower the one or raise the other", where, name))
			}
		}
	}
	return faults
}

func checkSelector(where string, s *metav1.LabelSelector) error {
	if _, err := selector(s); err != nil {
		return fmt.Errorf("%s: %w: write matchLabels and matchExpressions as in any Kubernetes selector", where, err)
	}
	return nil
}

// selector of an absent field matches everything, unlike in the Kubernetes API.
func selector(s *metav1.LabelSelector) (labels.Selector, error) {
	if s == nil {
		return labels.Everything(), nil
	}
	return metav1.LabelSelectorAsSelector(s)
}

func checkDownAfter(ms int64) error {
	if ms < contract.MinDownAfterMs {
		return fmt.Errorf("%d ms is too short: a Sentinel would take a new master for dead before it has connected to it; write at least %d ms, like 2s", ms, contract.MinDownAfterMs)
	}
	return nil
}

func isNamespace(name string) bool  { return len(validation.IsDNS1123Label(name)) == 0 }
func isObjectName(name string) bool { return len(validation.IsDNS1123Subdomain(name)) == 0 }

// isMasterName bounds what is written into sentinel.conf and sent in SENTINEL commands.
func isMasterName(name string) bool {
	ok := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-", r)
	}
	return name != "" && len(name) <= 253 && !strings.ContainsFunc(name, func(r rune) bool { return !ok(r) })
}
