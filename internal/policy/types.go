// SPDX-License-Identifier: Apache-2.0

package policy

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/image"
)

// Object is what policy looks at. PodLabels and PodAnnotations are those of the pod, or of a StatefulSet's template.
type Object struct {
	Namespace       string
	NamespaceLabels map[string]string
	PodLabels       map[string]string
	PodAnnotations  map[string]string
}

// Resolved is what holds for one object.
type Resolved struct {
	// Rule is the name of the rule that matched; empty where the defaults alone hold.
	Rule string
	// Sentinels is the set that watches the group.
	Sentinels contract.SentinelSet
	// SentinelsListed is false where an annotation names a set of the pod's own namespace that the policy does not list:
	// Service and Replicas are then guesses that the live StatefulSet may correct.
	SentinelsListed bool
	// Quorum is how many Sentinels must agree; 0 means a majority of the set.
	Quorum int
	// DownAfterMs, FailoverTimeoutMs and RecoveryTimeoutMs are in milliseconds.
	DownAfterMs       int64
	FailoverTimeoutMs int64
	RecoveryTimeoutMs int64
	// ParallelSyncs is how many replicas are re-pointed at once after a failover.
	ParallelSyncs int
	// MinReplicasToWrite is negative where nobody chose: the agent's default, 1.
	MinReplicasToWrite int
	// MinReplicasMaxLag is in seconds; 0 leaves Redis' default.
	MinReplicasMaxLag int
	// PasswordRequired refuses a group without any password for its clients.
	PasswordRequired bool
	// RotationGraceMs is how long, in milliseconds, the password before the present one of an auth-secret is still accepted.
	RotationGraceMs int64
	// KeyGeneration numbers the passwords of this project's own users, from 1.
	KeyGeneration int
	// ShortMasterName asks for the StatefulSet's name as master name instead of <namespace>.<statefulset>.
	ShortMasterName bool
	// MasterName is what the annotation asks for; empty means the form above.
	MasterName string
	// Agent says how the injected container looks.
	Agent Agent
	// Images are the kinds of images that are known, those of the policy among them.
	Images image.Table
	// LocalSets are the listed Sentinel sets of the object's own namespace, by name: what a Sentinel pod is a part of.
	LocalSets map[string]Set
}

// Agent is how the injected container looks.
type Agent struct {
	Image           string            `json:"image,omitempty"`
	ImagePullPolicy corev1.PullPolicy `json:"imagePullPolicy,omitempty"`
	// ImagePullSecrets are names of Secrets in the namespace of the pod.
	ImagePullSecrets []string `json:"imagePullSecrets,omitempty"`
	// Resources replaces the defaults as a whole where it is set.
	Resources *corev1.ResourceRequirements `json:"resources,omitempty"`
}

// Image says what kind of image others are.
type Image struct {
	// Names are the last parts of the names of repositories, without a tag.
	Names []string `json:"names"`
	// Like is the name of a family that is known.
	Like string `json:"like"`
}

// Set is a Sentinel set that groups may be watched by.
type Set struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	// Service is the headless Service of the set; empty means <name>-headless.
	Service string `json:"service,omitempty"`
	// Replicas is the number of Sentinels; 0 means 3.
	Replicas int `json:"replicas,omitempty"`
	// Port of the Sentinels; 0 means 26379.
	Port int `json:"port,omitempty"`
	// Namespaces is the complete list of the namespaces that the set serves; "*" is every namespace. Empty: the set's own.
	// All groups of one set are one trust domain.
	Namespaces []string `json:"namespaces,omitempty"`
}

// MasterNameFor is the name under which Sentinels watch the group of a StatefulSet where it differs from
// contract.MasterName; empty where it does not.
func (r Resolved) MasterNameFor(namespace, statefulSet string) string {
	name := r.MasterName
	if name == "" && r.ShortMasterName {
		name = statefulSet
	}
	if name == contract.MasterName(namespace, statefulSet) {
		return ""
	}
	return name
}
