// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	"maps"
	"slices"
	"strings"

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
	for _, word := range strings.Split(annotations[contract.AnnotationStamped], ",") {
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

// stamp makes label and copied annotations so in the template. What the template says itself wins and is never touched.
func (s *stamping) stamp() {
	meta := &s.set.Spec.Template.ObjectMeta
	copied, label := readStamp(meta.Annotations)
	var words []string
	if _, present := meta.Labels[contract.LabelOptIn]; !present || label {
		words = append(words, stampedLabel)
		s.patch.entry(templateLabels, &meta.Labels, contract.LabelOptIn, contract.OptInEnabled)
	}
	for _, key := range ours(s.set.Annotations) {
		if _, present := meta.Annotations[key]; !isUserAnnotation(key) || present && !copied[key] {
			continue
		}
		words = append(words, strings.TrimPrefix(key, contract.Prefix))
		s.patch.entry(templateAnnotation, &meta.Annotations, key, s.set.Annotations[key])
	}
	for _, key := range slices.Sorted(maps.Keys(copied)) {
		if _, still := s.set.Annotations[key]; !still && key != contract.AnnotationStamped {
			s.patch.drop(templateAnnotation, meta.Annotations, key)
		}
	}
	if len(words) > 0 {
		s.patch.entry(templateAnnotation, &meta.Annotations, contract.AnnotationStamped, strings.Join(words, ","))
	} else {
		s.patch.drop(templateAnnotation, meta.Annotations, contract.AnnotationStamped)
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
