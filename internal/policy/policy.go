// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/yaml"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/image"
)

// Forms of master names.
const (
	masterNameNamespaced = "namespaced"
	masterNameShort      = "short"
)

// Values of auth.
const (
	authRequired = "required"
	authOptional = "optional"
)

// Policy is a parsed and checked policy file. It is immutable and safe for concurrent use.
type Policy struct {
	file file
	// layers are the rules over the defaults, in order; the last is the defaults alone and matches everything.
	layers []layer
	images image.Table
}

// layer is one rule over the defaults.
type layer struct {
	name           string
	namespace, pod labels.Selector
	settings       settings
	allowed        []string
}

// Parse reads a policy file. Its errors name the field and the remedy; the caller adds the name of the file.
func Parse(text []byte) (*Policy, error) {
	var f file
	if err := yaml.UnmarshalStrict(text, &f); err != nil {
		return nil, fmt.Errorf("reading policy: %w", err)
	}
	if err := f.check().ToAggregate(); err != nil {
		return nil, fmt.Errorf("checking policy: %w", err)
	}
	for i, s := range f.SentinelSets {
		f.SentinelSets[i] = s.withDefaults()
	}
	base := layer{namespace: labels.Everything(), pod: labels.Everything(), settings: f.Defaults.settings, allowed: OverridableAnnotations()}
	if f.Defaults.AllowOverrides != nil {
		base.allowed = *f.Defaults.AllowOverrides
	}
	p := &Policy{file: f, images: tableOf(f.Images)}
	for _, r := range f.Rules {
		l := layer{name: r.Name, settings: r.Settings.over(base.settings), allowed: base.allowed}
		l.namespace, _ = selector(r.NamespaceSelector) // checked above
		l.pod, _ = selector(r.PodSelector)
		if r.AllowOverrides != nil {
			l.allowed = *r.AllowOverrides
		}
		p.layers = append(p.layers, l)
	}
	p.layers = append(p.layers, base)
	return p, nil
}

// Resolve returns the settings that hold for an object. Where it returns an error, Resolved still carries the agent, the images and the
// local Sentinel sets, so that a pod which needs no watching Sentinel set (a Sentinel itself) can be injected. The error joins all that is wrong.
func (p *Policy) Resolve(o Object) (Resolved, error) {
	l := p.match(o)
	r := l.resolved()
	r.Images = p.images
	r.LocalSets = map[string]Set{}
	for _, s := range p.file.SentinelSets {
		if s.Namespace == o.Namespace {
			r.LocalSets[s.Name] = s
		}
	}
	problems := l.override(o.PodAnnotations, &r)
	if err := checkDownAfter(r.DownAfterMs); err != nil {
		problems = append(problems, &AnnotationError{Annotation: contract.AnnotationDownAfter, Err: err})
	}
	set, listed, err := p.choose(o, l.settings.Sentinels)
	if err != nil {
		return r, errors.Join(append(problems, err)...)
	}
	r.Sentinels, r.SentinelsListed = set.contract(), listed
	if err := masterName(o, set, &r); err != nil {
		problems = append(problems, err)
	}
	if listed && r.Quorum > set.Replicas {
		problems = append(problems, fmt.Errorf("a quorum of %d cannot be reached by the %d Sentinels of %s: lower annotation %s or the quorum of the policy", r.Quorum, set.Replicas, set, contract.AnnotationQuorum))
	}
	return r, errors.Join(problems...)
}

func tableOf(images []Image) image.Table {
	var own []image.Family
	for _, entry := range images {
		f, _ := image.Like(entry.Like, entry.Names) // checked above
		own = append(own, f)
	}
	return own
}

// Sets are the listed Sentinel sets, with their defaults filled in.
func (p *Policy) Sets() []Set { return slices.Clone(p.file.SentinelSets) }

func (p *Policy) match(o Object) layer {
	for _, l := range p.layers {
		if l.namespace.Matches(labels.Set(o.NamespaceLabels)) && l.pod.Matches(labels.Set(o.PodLabels)) {
			return l
		}
	}
	return p.layers[len(p.layers)-1] // unreachable: the last one matches everything
}

// where names the layer in messages.
func (l layer) where() string {
	if l.name == "" {
		return "the policy"
	}
	return fmt.Sprintf("rule %q of the policy", l.name)
}

// resolved turns settings into values; what nobody wrote gets its default.
func (l layer) resolved() Resolved {
	s := l.settings
	r := Resolved{
		Rule:               l.name,
		Quorum:             ptr.Deref(s.Quorum, 0),
		DownAfterMs:        millisecondsOr(s.DownAfter, contract.DefaultDownAfterMs),
		FailoverTimeoutMs:  millisecondsOr(s.FailoverTimeout, contract.DefaultFailoverTimeoutMs),
		RecoveryTimeoutMs:  millisecondsOr(s.RecoveryTimeout, contract.DefaultRecoveryTimeoutMs),
		ParallelSyncs:      ptr.Deref(s.ParallelSyncs, contract.DefaultParallelSyncs),
		MinReplicasToWrite: ptr.Deref(s.MinReplicasToWrite, -1),
		MinReplicasMaxLag:  int(millisecondsOr(s.MinReplicasMaxLag, 0) / 1000),
		PasswordRequired:   ptr.Deref(s.Auth, authOptional) == authRequired,
		RotationGraceMs:    millisecondsOr(s.RotationGrace, contract.DefaultRotationGraceMs),
		KeyGeneration:      ptr.Deref(s.KeyGeneration, 1),
		ShortMasterName:    ptr.Deref(s.MasterName, masterNameNamespaced) == masterNameShort,
		Agent:              agentOf(s),
	}
	r.Agent.ImagePullPolicy = cmp.Or(r.Agent.ImagePullPolicy, corev1.PullIfNotPresent)
	if r.Agent.Resources == nil {
		r.Agent.Resources = defaultResources()
	}
	return r
}

// defaultResources fit the agent several times over. There is no limit of CPU: a throttled agent fails over late.
func defaultResources() *corev1.ResourceRequirements {
	return &corev1.ResourceRequirements{
		Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("20m"), corev1.ResourceMemory: resource.MustParse("32Mi")},
		Limits:   corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("64Mi")},
	}
}
