// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"cmp"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
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
	// Images are of a known kind under names that are not known.
	Images []Image `json:"images,omitempty"`
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
	// Auth is required or optional: whether a group without any password for its clients is refused.
	Auth *string `json:"auth,omitempty"`
	// RotationGrace is how long the password before the present one of an auth-secret is still accepted.
	RotationGrace *duration `json:"rotationGrace,omitempty"`
	// KeyGeneration is raised to replace the passwords of this project's own users.
	KeyGeneration *int `json:"keyGeneration,omitempty"`
	// MasterName is the form of master names: namespaced or short.
	MasterName *string `json:"masterName,omitempty"`
	Agent      *Agent  `json:"agent,omitempty"`
}

// over lays the fields that are set in s over those of below.
func (s settings) over(below settings) settings {
	out := settings{
		Sentinels:          cmp.Or(s.Sentinels, below.Sentinels),
		Quorum:             cmp.Or(s.Quorum, below.Quorum),
		DownAfter:          cmp.Or(s.DownAfter, below.DownAfter),
		FailoverTimeout:    cmp.Or(s.FailoverTimeout, below.FailoverTimeout),
		ParallelSyncs:      cmp.Or(s.ParallelSyncs, below.ParallelSyncs),
		MinReplicasToWrite: cmp.Or(s.MinReplicasToWrite, below.MinReplicasToWrite),
		MinReplicasMaxLag:  cmp.Or(s.MinReplicasMaxLag, below.MinReplicasMaxLag),
		RecoveryTimeout:    cmp.Or(s.RecoveryTimeout, below.RecoveryTimeout),
		Auth:               cmp.Or(s.Auth, below.Auth),
		RotationGrace:      cmp.Or(s.RotationGrace, below.RotationGrace),
		KeyGeneration:      cmp.Or(s.KeyGeneration, below.KeyGeneration),
		MasterName:         cmp.Or(s.MasterName, below.MasterName),
		Agent:              below.Agent,
	}
	if s.Agent != nil {
		out.Agent = new(s.Agent.over(agentOf(below)))
	}
	return out
}

func agentOf(s settings) Agent { return ptr.Deref(s.Agent, Agent{}) }

func (a Agent) over(below Agent) Agent {
	out := below
	out.Image = cmp.Or(a.Image, below.Image)
	out.ImagePullPolicy = cmp.Or(a.ImagePullPolicy, below.ImagePullPolicy)
	out.Resources = cmp.Or(a.Resources, below.Resources)
	if a.ImagePullSecrets != nil {
		out.ImagePullSecrets = a.ImagePullSecrets
	}
	return out
}
