// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// stampedLabel in the marker means that the label is ours; the other words are annotations without their prefix.
const stampedLabel = "label"

const (
	templatePath       = "/spec/template/metadata"
	templateLabels     = templatePath + "/labels"
	templateAnnotation = templatePath + "/annotations"
)

// readStamp gives the annotations that we copied into a template, and whether its label is ours.
func readStamp(annotations map[string]string) (copied map[string]bool, label bool) {
	copied = map[string]bool{}
	for _, word := range stampWords(annotations) {
		switch {
		case word == stampedLabel:
			label = true
			copied[contract.AnnotationStamped] = true
		case isUserAnnotation(contract.Prefix + word):
			copied[contract.Prefix+word] = true
			copied[contract.AnnotationStamped] = true
		}
	}
	return copied, label
}

func stampWords(annotations map[string]string) []string {
	return strings.Split(annotations[contract.AnnotationStamped], ",")
}

// stamp makes label and copied annotations so in the template. What the template says itself is never touched, and live annotations are
// not copied.
func (s *stamping) stamp() {
	meta := &s.set.Spec.Template.ObjectMeta
	_, label := readStamp(meta.Annotations)
	var words []string
	if _, present := meta.Labels[contract.LabelOptIn]; !present || label {
		words = append(words, stampedLabel)
		s.patch.entry(templateLabels, &meta.Labels, contract.LabelOptIn, contract.OptInEnabled)
	}
	want := withoutStamp(meta.Annotations)
	for _, key := range ours(s.set.Annotations) {
		if _, own := want[key]; own || !isUserAnnotation(key) || isLive(key) {
			continue
		}
		words = append(words, strings.TrimPrefix(key, contract.Prefix))
		want[key] = s.set.Annotations[key]
	}
	if len(words) > 0 {
		want[contract.AnnotationStamped] = strings.Join(words, ",")
	}
	s.annotate(s.asBefore(want, words))
}

// asBefore leaves in the template the live annotations that the version before copied there, where nothing else of it changes: taking
// them out would replace every pod. They count for nothing, and go with the next change that replaces the pods anyway.
func (s *stamping) asBefore(want map[string]string, words []string) map[string]string {
	if s.old == nil {
		return want
	}
	former := s.old.Spec.Template.Annotations
	copied, _ := readStamp(former)
	kept := maps.Clone(want)
	for _, key := range liveAnnotations {
		value, there := former[key]
		if _, own := want[key]; !copied[key] || !there || own {
			continue
		}
		words = append(words, strings.TrimPrefix(key, contract.Prefix))
		kept[key] = value
	}
	if !sameWords(words, stampWords(former)) {
		return want
	}
	kept[contract.AnnotationStamped] = former[contract.AnnotationStamped]
	template := s.set.Spec.Template
	template.Annotations = kept
	if !equality.Semantic.DeepEqual(template, s.old.Spec.Template) {
		return want
	}
	return kept
}

func sameWords(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// annotate brings the template's annotations to what is wanted, in the order of their names and the marker last.
func (s *stamping) annotate(want map[string]string) {
	meta := &s.set.Spec.Template.ObjectMeta
	for _, key := range ours(want) {
		if key != contract.AnnotationStamped {
			s.patch.entry(templateAnnotation, &meta.Annotations, key, want[key])
		}
	}
	for _, key := range ours(meta.Annotations) {
		if _, wanted := want[key]; !wanted {
			s.patch.drop(templateAnnotation, meta.Annotations, key)
		}
	}
	if marker, wanted := want[contract.AnnotationStamped]; wanted {
		s.patch.entry(templateAnnotation, &meta.Annotations, contract.AnnotationStamped, marker)
	}
}

// unstamp takes out of the template what the marker says is ours.
func (s *stamping) unstamp(copied map[string]bool) {
	meta := &s.set.Spec.Template.ObjectMeta
	if _, label := readStamp(meta.Annotations); label {
		s.patch.drop(templateLabels, meta.Labels, contract.LabelOptIn)
	}
	for _, key := range slices.Sorted(maps.Keys(copied)) {
		s.patch.drop(templateAnnotation, meta.Annotations, key)
	}
}

// replacing warns of pods that are replaced for nothing but what is ours in their template: whoever sets an annotation does not expect it.
func (s *stamping) replacing() []string {
	if s.old == nil || s.set.Spec.Replicas != nil && *s.set.Spec.Replicas == 0 {
		return nil
	}
	before, after := s.old.Spec.Template.DeepCopy(), s.set.Spec.Template.DeepCopy()
	changed := changedOurs(before, after)
	withoutOurs(before)
	withoutOurs(after)
	if len(changed) == 0 || !equality.Semantic.DeepEqual(before, after) {
		return nil
	}
	how := "the StatefulSet now replaces its pods" + s.whichPods() + ", one after the other"
	if s.set.Spec.UpdateStrategy.Type == "OnDelete" {
		how = "a pod has it once it was deleted, because the update strategy is OnDelete"
	}
	return []string{"redis-sentinel: " + strings.Join(changed, ", ") + ": changes the pod template: " + how}
}

// whichPods names those that a rollout replaces, in its order; empty where that is all of one.
func (s *stamping) whichPods() string {
	first, from := 0, 0
	if o := s.set.Spec.Ordinals; o != nil {
		first = int(o.Start)
	}
	last := first + Replicas(s.set) - 1
	if r := s.set.Spec.UpdateStrategy.RollingUpdate; r != nil && r.Partition != nil {
		from = int(*r.Partition)
	}
	if from = max(from, first); from > last {
		return " (none now: spec.updateStrategy.rollingUpdate.partition leaves all of them)"
	}
	if from == last {
		return fmt.Sprintf(" (%s-%d)", s.set.Name, last)
	}
	return fmt.Sprintf(" (%s-%d to %[1]s-%[3]d)", s.set.Name, last, from)
}

// changedOurs names what differs of ours between two templates.
func changedOurs(before, after *corev1.PodTemplateSpec) []string {
	var names []string
	if before.Labels[contract.LabelOptIn] != after.Labels[contract.LabelOptIn] {
		names = append(names, "label "+contract.LabelOptIn)
	}
	keys := slices.Concat(ours(before.Annotations), ours(after.Annotations))
	slices.Sort(keys)
	for _, key := range slices.Compact(keys) {
		was, there := before.Annotations[key]
		is, still := after.Annotations[key]
		if key != contract.AnnotationStamped && (was != is || there != still) {
			names = append(names, "annotation "+key)
		}
	}
	return names
}

func withoutOurs(template *corev1.PodTemplateSpec) {
	delete(template.Labels, contract.LabelOptIn)
	for _, key := range ours(template.Annotations) {
		delete(template.Annotations, key)
	}
}
