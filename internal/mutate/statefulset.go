// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// DecodeStatefulSet reads a StatefulSet as the API server reads it.
func DecodeStatefulSet(raw []byte) (*appsv1.StatefulSet, error) {
	set := &appsv1.StatefulSet{}
	return set, decode(raw, set)
}

// ReviewStatefulSet answers what has to change in a StatefulSet; old is nil at creation. The StatefulSet is changed on the
// way, in step with the patch.
//
// It writes the constant label into the template, and nothing that depends on a version: that would roll every group when
// the webhook is upgraded. It refuses at once what its pods would be refused for, because a refused pod is only an event.
func ReviewStatefulSet(set, old *appsv1.StatefulSet, in SetInput) Result {
	if set.DeletionTimestamp != nil {
		return Result{Reason: Deleting}
	}
	s := &stamping{set: set, old: old, in: in}
	relevant := old == nil || s.relevant() // asked before the template is changed
	result, err := s.run()
	if err == nil {
		return result
	}
	object := fmt.Sprintf("statefulset %s/%s", in.Namespace, cmp.Or(set.Name, set.GenerateName))
	if !relevant {
		if shared := ofReason(err, DeniedSharedClaim); shared != nil && s.scaledUp() {
			return denied(object, inTemplate(shared))
		}
		return Result{Reason: Unchanged, Warnings: []string{"redis-sentinel: " + err.Error()}}
	}
	return denied(object, inTemplate(err), result.Warnings...)
}

// stamping is one StatefulSet on its way.
type stamping struct {
	set, old *appsv1.StatefulSet
	in       SetInput
	patch    patch
	newcomer *Newcomer
}

// run returns warnings beside an error too.
func (s *stamping) run() (Result, error) {
	reason, err := s.standsAside()
	if err != nil {
		return Result{}, err
	}
	if reason != "" {
		if stamped, _ := readStamp(s.set.Spec.Template.Annotations); len(stamped) > 0 {
			s.unstamp(stamped)
			reason = Unstamped
		}
		return Result{Patch: s.patch.bytes(), Reason: reason, Warnings: s.contradiction()}, s.checkRelease()
	}
	var o objections
	o.add(s.checkSet())
	s.stamp()
	o.add(s.checkRelease())
	warnings, err := s.examine()
	warnings = append(warnings, s.strays()...)
	o.add(err)
	if err := o.err(); err != nil {
		return Result{Warnings: warnings}, err
	}
	reason = Unchanged
	if s.patch.text.Len() > 0 {
		reason = Stamped
	}
	return Result{Patch: s.patch.bytes(), Warnings: append(warnings, s.replacing()...), Reason: reason, Newcomer: s.newcomer}, nil
}

// contradiction warns of a label that says enabled where another says disabled.
func (s *stamping) contradiction() []string {
	on, in := s.set.Labels[contract.LabelOptIn], s.set.Spec.Template.Labels[contract.LabelOptIn]
	if on == in || on != contract.OptInEnabled && in != contract.OptInEnabled || on != contract.OptInDisabled && in != contract.OptInDisabled {
		return nil
	}
	return []string{fmt.Sprintf("redis-sentinel: label %s: %s on the StatefulSet and %s in spec.template: disabled wins, and nothing is injected: make them agree", contract.LabelOptIn, on, in)}
}

// scaledUp reports whether an update asks for several pods where there was one at most.
func (s *stamping) scaledUp() bool {
	return s.old != nil && Replicas(s.old) <= 1 && Replicas(s.set) > 1
}

// standsAside gives the reason why the template must not carry our stamp; empty where it must.
func (s *stamping) standsAside() (Reason, error) {
	optIn, err := readOptIn(s.set.Labels)
	if err != nil {
		return "", err
	}
	template := s.set.Spec.Template
	inTemplate, err := readOptIn(template.Labels)
	switch {
	case err != nil:
		return "", err
	case optIn == contract.OptInDisabled, inTemplate == contract.OptInDisabled:
		return OptedOut, nil
	case optIn == contract.OptInEnabled:
		return "", nil
	case !s.in.NamespaceOptIn:
		return NotOptedIn, nil
	case !looksLikeServer(PodAnnotations(s.set), template.Spec.Containers, s.in.Resolved.Images):
		return NotRedis, nil
	}
	return "", nil
}

func (s *stamping) checkSet() error {
	if s.set.Name == "" { // the API server draws one after admission
		return refuse(DeniedLabel, "metadata.generateName: a group takes its name from the StatefulSet's, which has to be known: use metadata.name")
	}
	all := []error{checkAnnotations(s.set.Annotations, setAnnotations, s.set.Name), checkHandover(s.set.Annotations, s.set.Name)}
	if release, ok := s.set.Annotations[contract.AnnotationRelease]; ok && release != contract.ReleaseConfirmed {
		all = append(all, refuse(DeniedAnnotation, "annotation %s: %q is invalid: %smust be %s", contract.AnnotationRelease, release, didYouMean(release, []string{contract.ReleaseConfirmed}), contract.ReleaseConfirmed))
	}
	return errors.Join(all...)
}

// checkRelease keeps a group with replicas from being let go by a slip: each of its pods would become a master with a
// copy of the data, one after the other.
func (s *stamping) checkRelease() error {
	if s.old == nil || s.old.Spec.Template.Labels[contract.LabelOptIn] != contract.OptInEnabled ||
		s.set.Spec.Template.Labels[contract.LabelOptIn] == contract.OptInEnabled {
		return nil
	}
	if s.set.Spec.Replicas == nil || *s.set.Spec.Replicas <= 1 || s.set.Annotations[contract.AnnotationRelease] == contract.ReleaseConfirmed {
		return nil
	}
	return refuse(DeniedRelease, "label %s: the group has %d replicas, and without the label each would become a master of its own: scale to 1 first, or set the annotation %s: %s", contract.LabelOptIn, *s.set.Spec.Replicas, contract.AnnotationRelease, contract.ReleaseConfirmed)
}

// relevant reports whether an update changed anything that can be refused. Nothing else may be held up by a fault that was
// there before: not scaling, not finalizers, not foreign labels.
func (s *stamping) relevant() bool {
	before, after := s.old, s.set
	return !reflect.DeepEqual(before.Spec.Template, after.Spec.Template) ||
		before.Labels[contract.LabelOptIn] != after.Labels[contract.LabelOptIn] ||
		!maps.Equal(oursOf(before.Annotations), oursOf(after.Annotations))
}

func oursOf(annotations map[string]string) map[string]string {
	out := map[string]string{}
	for _, key := range ours(annotations) {
		if key != contract.AnnotationTouched {
			out[key] = annotations[key]
		}
	}
	return out
}

// examine asks of the template what will be asked of its pods, and returns the warnings that they will get.
func (s *stamping) examine() ([]string, error) {
	pod := FirstPod(s.set)
	examined, err := examine(pod, question{
		namespace: s.in.Namespace, podName: pod.Name, statefulSet: s.set.Name, effective: Effective(pod.Annotations, s.set.Annotations),
		replicas: Replicas(s.set), resolved: s.in.Resolved, resolveErr: s.in.ResolveErr,
	})
	if err != nil {
		return examined.warnings(), err
	}
	result := inject(pod, examined, Input{Namespace: s.in.Namespace, SetAnnotations: s.set.Annotations, AccountReady: true, Resolved: s.in.Resolved, HookKey: []byte("any")}, "")
	if result.Denied != "" {
		return result.Warnings, refuse(result.Reason, "%s", result.Denied)
	}
	if s.isNew() && examined.role == contract.PodRoleRedis {
		s.newcomer = newcomerOf(s.set, examined, s.in.Resolved)
	}
	return append(result.Warnings, s.notes(examined)...), nil
}

// isNew reports whether the StatefulSet becomes a group by this.
func (s *stamping) isNew() bool {
	return s.old == nil || s.old.Spec.Template.Labels[contract.LabelOptIn] != contract.OptInEnabled
}

// noted begins what is no fault, and worth a thought.
const noted = "redis-sentinel: note: "

// notes are what somebody who counts on a group should know of this one. They are told once: when it becomes a group.
func (s *stamping) notes(examined subject) []string {
	if examined.role != contract.PodRoleRedis || !s.isNew() {
		return nil
	}
	var out []string
	if Replicas(s.set) == 1 {
		out = append(out, noted+"spec.replicas is 1: nothing takes over when its pod is gone; three survive the loss of one")
	}
	if most, want := Replicas(s.set)-1, s.in.Resolved.MinReplicasToWrite; most > 0 && want > most {
		out = append(out, fmt.Sprintf("redis-sentinel: min-replicas-to-write is %d, and there are %d replicas beside the master at most: it would take no writes: lower it, or scale up", want, most))
	}
	if examined.data.kind == scratch && !examined.data.beside {
		out = append(out, noted+"no volume keeps the data: when all pods are gone at once, so is it; volumeClaimTemplates keep it")
	}
	return out
}

// Replicas is how many pods a StatefulSet asks for.
func Replicas(set *appsv1.StatefulSet) int { return int(ptr.Deref(set.Spec.Replicas, 1)) }

// FirstPod is the pod that the StatefulSet controller would make for ordinal 0, as far as it matters here.
func FirstPod(set *appsv1.StatefulSet) *corev1.Pod {
	template := set.Spec.Template.DeepCopy()
	pod := &corev1.Pod{ObjectMeta: template.ObjectMeta, Spec: template.Spec}
	pod.Name = set.Name + "-0"
	pod.OwnerReferences = []metav1.OwnerReference{{
		APIVersion: appsv1.SchemeGroupVersion.String(), Kind: "StatefulSet", Name: set.Name, UID: set.UID, Controller: new(true),
	}}
	pod.Spec.Subdomain = set.Spec.ServiceName
	for _, claim := range set.Spec.VolumeClaimTemplates {
		volume := corev1.Volume{Name: claim.Name}
		volume.PersistentVolumeClaim = &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claim.Name + "-" + pod.Name}
		pod.Spec.Volumes = slices.DeleteFunc(pod.Spec.Volumes, func(v corev1.Volume) bool { return v.Name == claim.Name })
		pod.Spec.Volumes = append(pod.Spec.Volumes, volume)
	}
	return pod
}

func isUserAnnotation(key string) bool {
	_, ok := userAnnotations[key]
	return ok
}

// inTemplate lets a message about a pod's field name the field of the StatefulSet.
func inTemplate(err error) error {
	var r *refusal
	switch {
	case !errors.As(err, &r):
		return err
	case len(r.parts) > 0:
		var all objections
		for _, part := range r.parts {
			all.add(inTemplate(part))
		}
		return all.err()
	case strings.HasPrefix(r.message, "spec."):
		return &refusal{reason: r.reason, message: "spec.template." + r.message}
	}
	return err
}
