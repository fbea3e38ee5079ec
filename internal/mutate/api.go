// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/policy"
)

// Input is what Pod needs beside the pod.
type Input struct {
	// Namespace of the request; a pod in an admission review may carry none.
	Namespace string
	// Name is the pod's name, or its generateName without the dash; used where the pod itself carries no name.
	Name string
	// DryRun gives the pod a hook token that no agent accepts. With AccountReady false it also keeps the account `default`,
	// because the account that the pod would get does not exist and the API server would refuse the pod.
	DryRun bool
	// AccountReady reports whether the group's account exists. It matters only on dry-run: otherwise the caller makes what
	// Result.Group names before it answers.
	AccountReady bool
	// NamespaceOptIn reports whether the Namespace carries the label enabled. Without it only the pod's own label counts.
	NamespaceOptIn bool
	// Resolved and ResolveErr are what policy.Resolve returned for Effective of the pod. The error refuses the pod only if the pod would be
	// injected and needs what is missing.
	Resolved   policy.Resolved
	ResolveErr error
	// SetAnnotations are those of the StatefulSet that makes the pod: see Effective. Nil where nobody read it.
	SetAnnotations map[string]string
	// Replicas is how many pods that StatefulSet asks for; 0 where nobody read it.
	Replicas int
	// HookKey authenticates the preStop hook; empty leaves the hook out, with a warning.
	HookKey []byte
	// Offline leaves that warning out: whoever asks has no key, and the server that the pods will meet has one.
	Offline bool
	// Version of the webhook, for the status annotation.
	Version string
}

// SetInput is what StatefulSet needs beside the object.
type SetInput struct {
	// Namespace of the request.
	Namespace string
	// NamespaceOptIn reports whether the Namespace carries the label enabled.
	NamespaceOptIn bool
	// Resolved and ResolveErr are what policy.Resolve returned for PodAnnotations of the StatefulSet.
	Resolved   policy.Resolved
	ResolveErr error
}

// Result is the whole answer to one object.
type Result struct {
	// Patch is a JSON patch (RFC 6902); nil where nothing has to change, and always where Denied is set.
	Patch []byte
	// Warnings are for the user who sent the request.
	Warnings []string
	// Reason is the one word for logs, metrics and tests.
	Reason Reason
	// Denied is the message of a refusal; empty where the object is let through.
	Denied string
	// Newcomer is what a StatefulSet that becomes a group is to be compared with its surroundings by; nil otherwise.
	Newcomer *Newcomer
	// Group is what the pod needs in its namespace before it may start; nil where nothing was injected.
	Group *Group
}

// Group is what provision needs to know.
type Group struct {
	Namespace   string
	StatefulSet string
	// StatefulSetUID is from the pod's ownerReference.
	StatefulSetUID string
	// Role is contract.PodRoleRedis or contract.PodRoleSentinel. All fields below Port are empty for a Sentinel set.
	Role string
	// Account is the service account that the pod will run under.
	Account string
	// OwnAccount reports whether the user chose Account: it is bound, never made.
	OwnAccount bool
	// Port of the Redis or Sentinel servers.
	Port int
	// Service is the headless Service of the StatefulSet, as the pod names it; may be empty.
	Service string
	// Settings go into the record.
	Settings contract.GroupSettings
	// SentinelsListed is policy.Resolved.SentinelsListed.
	SentinelsListed bool
	// KeyGeneration numbers the passwords of this project's own users.
	KeyGeneration int
	// MasterService and ReplicasService are the names of the two Services.
	MasterService   string
	ReplicasService string
}
