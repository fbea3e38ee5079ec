// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metav1validation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/image"
)

// maxCount bounds counts, so that none overflows anywhere.
const maxCount = 1000

// check returns every fault of a file at once: whoever writes a policy mends all of them in one go.
func (f file) check() field.ErrorList {
	var faults field.ErrorList
	if f.APIVersion != APIVersion {
		faults = append(faults, field.NotSupported(field.NewPath("apiVersion"), f.APIVersion, []string{APIVersion}))
	}
	if f.Kind != Kind {
		faults = append(faults, field.NotSupported(field.NewPath("kind"), f.Kind, []string{Kind}))
	}
	base := field.NewPath("defaults")
	if agentOf(f.Defaults.settings).Image == "" {
		faults = append(faults, field.Required(base.Child("agent", "image"), "name the image of the agent"))
	}
	faults = append(faults, f.checkSets()...)
	faults = append(faults, checkImages(field.NewPath("images"), f.Images)...)
	faults = append(faults, f.checkSettings(base, f.Defaults.settings)...)
	faults = append(faults, checkOverrides(base.Child("allowOverrides"), f.Defaults.AllowOverrides)...)
	seen := map[string]bool{}
	for i, r := range f.Rules {
		at := field.NewPath("rules").Index(i)
		switch {
		case r.Name == "":
			faults = append(faults, field.Required(at.Child("name"), "give every rule a name of its own"))
		case seen[r.Name]:
			faults = append(faults, field.Duplicate(at.Child("name"), r.Name))
		}
		seen[r.Name] = true
		faults = append(faults, checkSelector(at.Child("namespaceSelector"), r.NamespaceSelector)...)
		faults = append(faults, checkSelector(at.Child("podSelector"), r.PodSelector)...)
		faults = append(faults, f.checkSettings(at.Child("settings"), r.Settings)...)
		faults = append(faults, checkOverrides(at.Child("allowOverrides"), r.AllowOverrides)...)
	}
	return faults
}

func (f file) checkSettings(at *field.Path, s settings) field.ErrorList {
	var faults field.ErrorList
	if s.Sentinels != nil && !slices.ContainsFunc(f.SentinelSets, func(set Set) bool { return set.String() == *s.Sentinels }) {
		faults = append(faults, field.Invalid(at.Child("sentinels"), *s.Sentinels, "must be <namespace>/<name> of a set that sentinelSets lists"))
	}
	for _, count := range []struct {
		name  string
		value *int
		least int
		what  string
	}{
		{"quorum", s.Quorum, 0, "Sentinels; 0 is a majority"},
		{"parallelSyncs", s.ParallelSyncs, 1, "replicas"},
		{"keyGeneration", s.KeyGeneration, 1, "generations; raise it by one to replace the passwords of this project's own users"},
		{"minReplicasToWrite", s.MinReplicasToWrite, 0, "replicas; 0 allows writes without any"},
	} {
		if count.value != nil && (*count.value < count.least || *count.value > maxCount) {
			faults = append(faults, field.Invalid(at.Child(count.name), *count.value, fmt.Sprintf("must be from %d to %d %s", count.least, maxCount, count.what)))
		}
	}
	for _, span := range []struct {
		name  string
		value *duration
		check func(ms int64) error
	}{
		{"downAfter", s.DownAfter, checkDownAfter},
		{"failoverTimeout", s.FailoverTimeout, checkTimeout},
		{"recoveryTimeout", s.RecoveryTimeout, checkTimeout},
		{"rotationGrace", s.RotationGrace, checkGrace},
		{"minReplicasMaxLag", s.MinReplicasMaxLag, checkWholeSeconds},
	} {
		if span.value == nil {
			continue
		}
		if err := span.check(span.value.milliseconds()); err != nil {
			faults = append(faults, field.Invalid(at.Child(span.name), span.value.String(), err.Error()))
		}
	}
	if s.MasterName != nil && *s.MasterName != masterNameNamespaced && *s.MasterName != masterNameShort {
		faults = append(faults, field.NotSupported(at.Child("masterName"), *s.MasterName, []string{masterNameNamespaced, masterNameShort}))
	}
	if s.Auth != nil && *s.Auth != authRequired && *s.Auth != authOptional {
		faults = append(faults, field.NotSupported(at.Child("auth"), *s.Auth, []string{authRequired, authOptional}))
	}
	return append(faults, checkAgent(at.Child("agent"), s.Agent)...)
}

func checkImages(at *field.Path, images []Image) field.ErrorList {
	var faults field.ErrorList
	for i, entry := range images {
		if len(entry.Names) == 0 {
			faults = append(faults, field.Required(at.Index(i).Child("names"), "name repositories, like example/redis"))
		}
		for j, name := range entry.Names {
			if r := image.Read(name); name == "" || r.Tag != "" || r.Pinned || strings.Trim(name, "/") != name {
				faults = append(faults, field.Invalid(at.Index(i).Child("names").Index(j), name, "must be the last part, or parts, of the name of a repository, without a tag, like example/redis"))
			}
		}
		if _, ok := image.Like(entry.Like, nil); !ok {
			faults = append(faults, field.NotSupported(at.Index(i).Child("like"), entry.Like, image.Named()))
		}
	}
	return faults
}

func checkOverrides(at *field.Path, allow *[]string) field.ErrorList {
	if allow == nil {
		return nil
	}
	var faults field.ErrorList
	for i, name := range *allow {
		if !slices.Contains(OverridableAnnotations(), name) {
			faults = append(faults, field.NotSupported(at.Index(i), name, OverridableAnnotations()))
		}
	}
	return faults
}

func checkAgent(at *field.Path, a *Agent) field.ErrorList {
	if a == nil {
		return nil
	}
	var faults field.ErrorList
	switch a.ImagePullPolicy {
	case "", corev1.PullAlways, corev1.PullIfNotPresent, corev1.PullNever:
	default:
		faults = append(faults, field.NotSupported(at.Child("imagePullPolicy"), a.ImagePullPolicy,
			[]corev1.PullPolicy{corev1.PullAlways, corev1.PullIfNotPresent, corev1.PullNever}))
	}
	for i, name := range a.ImagePullSecrets {
		if !isObjectName(name) {
			faults = append(faults, field.Invalid(at.Child("imagePullSecrets").Index(i), name, "must be the name of a Secret"))
		}
	}
	if a.Resources != nil {
		for name, request := range a.Resources.Requests {
			if limit, ok := a.Resources.Limits[name]; ok && request.Cmp(limit) > 0 {
				faults = append(faults, field.Invalid(at.Child("resources", "requests").Key(string(name)), request.String(),
					fmt.Sprintf("must not exceed the %s limit of %s", name, limit.String())))
			}
		}
	}
	return faults
}

func checkSelector(at *field.Path, s *metav1.LabelSelector) field.ErrorList {
	return metav1validation.ValidateLabelSelector(s, metav1validation.LabelSelectorValidationOptions{}, at)
}

// selector of an absent field matches everything, unlike in the Kubernetes API.
func selector(s *metav1.LabelSelector) (labels.Selector, error) {
	if s == nil {
		return labels.Everything(), nil
	}
	return metav1.LabelSelectorAsSelector(s)
}

func isNamespace(name string) bool  { return len(validation.IsDNS1123Label(name)) == 0 }
func isObjectName(name string) bool { return len(validation.IsDNS1123Subdomain(name)) == 0 }
