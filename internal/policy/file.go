// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// The two lines that every policy file begins with.
const (
	APIVersion = "redis-sentinel.dev/v1alpha1"
	Kind       = "Policy"
)

// file is the policy file as it is written.
type file struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	// Defaults hold for every object.
	Defaults defaults `json:"defaults,omitempty"`
	// Rules are tried in order; the first match is laid over the defaults.
	Rules []rule `json:"rules,omitempty"`
	// SentinelSets are the sets that groups may be watched by.
	SentinelSets []Set `json:"sentinelSets,omitempty"`
}

type defaults struct {
	settings `json:",inline"`
	// AllowOverrides lists what annotations may change; absent means every safe annotation.
	AllowOverrides *[]string `json:"allowOverrides,omitempty"`
}

type rule struct {
	Name string `json:"name"`
	// NamespaceSelector and PodSelector must both match; an absent or empty selector matches everything.
	NamespaceSelector *metav1.LabelSelector `json:"namespaceSelector,omitempty"`
	PodSelector       *metav1.LabelSelector `json:"podSelector,omitempty"`
	Settings          settings              `json:"settings,omitempty"`
	// AllowOverrides replaces the list of the defaults where it is present.
	AllowOverrides *[]string `json:"allowOverrides,omitempty"`
}

// settings are all optional: an absent field leaves what lies below.
type settings struct {
	// Sentinels is <namespace>/<name> of a set below sentinelSets.
	Sentinels          *string   `json:"sentinels,omitempty"`
	Quorum             *int      `json:"quorum,omitempty"`
	DownAfter          *duration `json:"downAfter,omitempty"`
	FailoverTimeout    *duration `json:"failoverTimeout,omitempty"`
	ParallelSyncs      *int      `json:"parallelSyncs,omitempty"`
	MinReplicasToWrite *int      `json:"minReplicasToWrite,omitempty"`
	MinReplicasMaxLag  *duration `json:"minReplicasMaxLag,omitempty"`
	RecoveryTimeout    *duration `json:"recoveryTimeout,omitempty"`
	// MasterName is the form of master names: namespaced or short.
	MasterName *string `json:"masterName,omitempty"`
	Agent      *Agent  `json:"agent,omitempty"`
}

// duration is written like 5s or 1m30s.
type duration time.Duration

// UnmarshalJSON reads the text form only: a bare number would leave its unit to guesswork.
func (d *duration) UnmarshalJSON(text []byte) error {
	var written string
	if err := yaml.Unmarshal(text, &written); err != nil || len(text) == 0 || text[0] != '"' {
		return fmt.Errorf("%s is no duration: write it with its unit, like 5s", text)
	}
	parsed, err := time.ParseDuration(written)
	if err != nil {
		return fmt.Errorf("%q is no duration: write it with its unit, like 5s", written)
	}
	*d = duration(parsed)
	return nil
}

func (d duration) milliseconds() int64 { return time.Duration(d).Milliseconds() }

// over lays the fields that are set in s over those of below.
func (s settings) over(below settings) settings {
	out := below
	lay(&out.Sentinels, s.Sentinels)
	lay(&out.Quorum, s.Quorum)
	lay(&out.DownAfter, s.DownAfter)
	lay(&out.FailoverTimeout, s.FailoverTimeout)
	lay(&out.ParallelSyncs, s.ParallelSyncs)
	lay(&out.MinReplicasToWrite, s.MinReplicasToWrite)
	lay(&out.MinReplicasMaxLag, s.MinReplicasMaxLag)
	lay(&out.RecoveryTimeout, s.RecoveryTimeout)
	lay(&out.MasterName, s.MasterName)
	if s.Agent != nil {
		agent := s.Agent.over(agentOf(below))
		out.Agent = &agent
	}
	return out
}

func lay[T any](field **T, value *T) {
	if value != nil {
		*field = value
	}
}

func agentOf(s settings) Agent {
	if s.Agent == nil {
		return Agent{}
	}
	return *s.Agent
}

func (a Agent) over(below Agent) Agent {
	out := below
	if a.Image != "" {
		out.Image = a.Image
	}
	if a.ImagePullPolicy != "" {
		out.ImagePullPolicy = a.ImagePullPolicy
	}
	if a.ImagePullSecrets != nil {
		out.ImagePullSecrets = a.ImagePullSecrets
	}
	if a.Resources != nil {
		out.Resources = a.Resources
	}
	return out
}
