// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/agext/levenshtein"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// Keys that others give meaning to.
const (
	annotationMirror     = "kubernetes.io/config.mirror"
	annotationSafeVolume = "cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes"
)

// rule of one annotation: nil means that policy checks the value.
type annotationRule func(value, statefulSet string) (remedy string)

// userAnnotations are what users may write on a pod template, and on a StatefulSet, from which those that are not live are copied there.
var userAnnotations = map[string]annotationRule{
	contract.AnnotationRole:              oneOf(contract.PodRoleRedis, contract.PodRoleSentinel),
	contract.AnnotationSentinels:         nil,
	contract.AnnotationMasterName:        nil,
	contract.AnnotationContainer:         dnsLabel("the name of the container that holds Redis"),
	contract.AnnotationQuorum:            nil,
	contract.AnnotationDownAfter:         nil,
	contract.AnnotationFailoverTimeout:   nil,
	contract.AnnotationParallelSyncs:     nil,
	contract.AnnotationMinReplicas:       nil,
	contract.AnnotationMinReplicasMaxLag: nil,
	contract.AnnotationAuthSecret:        objectName("the name of a Secret in this namespace, with a key " + contract.AuthKey),
	contract.AnnotationConfig:            objectName("the name of a ConfigMap in this namespace, with a key " + contract.UserConfigKey),
	contract.AnnotationPerPodDirectory:   oneOf("true", "false"),
	contract.AnnotationInitialMaster:     podOfSet,
	contract.AnnotationReplaceData:       podOfSet,
	contract.AnnotationMasterService:     dnsLabel("the name for the Service of the master"),
	contract.AnnotationReplicasService:   dnsLabel("the name for the Service of the replicas"),
}

// sentinelAnnotations are those of them that do something on a Sentinel.
var sentinelAnnotations = []string{contract.AnnotationRole, contract.AnnotationContainer}

// podAnnotations stand on pods beside those: we write them, and a template copied from a live pod has them.
var podAnnotations = []string{contract.AnnotationStatus, contract.AnnotationStamped}

// setAnnotations stand on StatefulSets beside the users' ones, and are not copied to the template. The others of them are about pods.
var setAnnotations = []string{
	contract.AnnotationRelease, contract.AnnotationTouched, contract.AnnotationHandover, contract.AnnotationHandoverFrom, contract.AnnotationHandoverRefused,
}

// checkHandover refuses a request that could never be served.
func checkHandover(annotations map[string]string, statefulSet string) error {
	to, asked := annotations[contract.AnnotationHandover]
	if !asked || to == contract.HandoverAny || podOfSet(to, statefulSet) == "" {
		return nil
	}
	return refuse(DeniedAnnotation, "annotation %s: %q is invalid: must be %s, or the name of a pod of this StatefulSet, like %s-0", contract.AnnotationHandover, to, contract.HandoverAny, statefulSet)
}

// podLabels below our prefix; the role is the Sentinels' to write.
var podLabels = []string{contract.LabelGroup, contract.LabelSentinelSet}

// checkAnnotations refuses unknown keys below our prefix and values that make no sense: a typo in a safety setting must
// not be silence. also are keys that are fine beside the users' ones.
func checkAnnotations(annotations map[string]string, also []string, statefulSet string) error {
	var all []error
	for _, key := range ours(annotations) {
		if !slices.Contains(also, key) {
			all = append(all, checkAnnotation(key, annotations[key], also, statefulSet))
		}
	}
	return errors.Join(all...)
}

func checkAnnotation(key, value string, also []string, statefulSet string) error {
	if slices.Contains(setAnnotations, key) && key != contract.AnnotationTouched {
		return refuse(DeniedAnnotation, "annotation %s: belongs on the StatefulSet itself, not on its pod template: move it to metadata.annotations", key)
	}
	if key == contract.AnnotationRoleEpoch {
		return refuse(DeniedAnnotation, "annotation %s: is written by Sentinel agents, and a copy of it keeps them from labelling the pod: remove it from the pod template", key)
	}
	rule, known := userAnnotations[key]
	if !known {
		names := slices.Collect(maps.Keys(userAnnotations))
		if slices.Contains(also, contract.AnnotationHandover) {
			names = append(names, contract.AnnotationHandover, contract.AnnotationRelease)
		}
		slices.Sort(names)
		remedy := didYouMean(key, names)
		if remedy == "" {
			remedy = "use one of " + strings.Join(names, ", ")
		}
		return refuse(DeniedAnnotation, "annotation %s: unknown annotation: %s", key, strings.TrimSpace(remedy))
	}
	if rule == nil {
		return nil
	}
	if remedy := rule(value, statefulSet); remedy != "" {
		return refuse(DeniedAnnotation, "annotation %s: %q is invalid: %s", key, value, remedy)
	}
	return nil
}

// alike is how similar a word has to be, from 0 to 1, to be taken for a slip of the pen.
const alike = 0.6

// didYouMean asks for what is most like a word; empty where nothing is.
func didYouMean(word string, names []string) string {
	best, most := "", alike
	for _, name := range names {
		if s := levenshtein.Match(strings.TrimPrefix(strings.ToLower(word), contract.Prefix), strings.TrimPrefix(name, contract.Prefix), nil); s >= most {
			best, most = name, s
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("did you mean %s? ", best)
}

// checkSentinelAnnotations refuses on a Sentinel what it would not look at. The Sentinels watch many groups, whose settings
// are in the groups' records.
func checkSentinelAnnotations(annotations map[string]string) error {
	var all []error
	for _, key := range ours(annotations) {
		if isUserAnnotation(key) && !slices.Contains(sentinelAnnotations, key) {
			all = append(all, refuse(DeniedAnnotation, "annotation %s: does nothing on a Sentinel, which watches many groups: remove it, and set it on the StatefulSets of the groups", key))
		}
	}
	return errors.Join(all...)
}

// checkLabels is the same for labels.
func checkLabels(labels map[string]string) error {
	var all []error
	for _, key := range ours(labels) {
		switch {
		case key == contract.LabelRole || key == contract.LabelPodUID:
			all = append(all, refuse(DeniedLabel, "label %s: is written by Sentinel agents, and Services send clients by it: remove it from the pod template", key))
		case !slices.Contains(podLabels, key):
			all = append(all, refuse(DeniedLabel, "label %s: unknown label: remove it; %s is the only label that users set", key, contract.LabelOptIn))
		}
	}
	return errors.Join(all...)
}

// keysOf are the keys of a map, sorted.
func keysOf(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }

// ours are the keys below our prefix, sorted, so that the same object gives the same message.
func ours(m map[string]string) []string {
	var keys []string
	for key := range m {
		if strings.HasPrefix(key, contract.Prefix) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

func oneOf(values ...string) annotationRule {
	return func(value, _ string) string {
		if slices.Contains(values, value) {
			return ""
		}
		return didYouMean(value, values) + "must be " + strings.Join(values, " or ")
	}
}

func dnsLabel(what string) annotationRule {
	return func(value, _ string) string {
		if len(validation.IsDNS1123Label(value)) == 0 {
			return ""
		}
		return "must be " + what
	}
}

func objectName(what string) annotationRule {
	return func(value, _ string) string {
		if len(validation.IsDNS1123Subdomain(value)) == 0 {
			return ""
		}
		return "must be " + what
	}
}

// podOfSet wants a pod of the same StatefulSet: data of another is not this group's.
func podOfSet(value, statefulSet string) string {
	ordinal, ok := strings.CutPrefix(value, statefulSet+"-")
	if n, err := strconv.Atoi(ordinal); ok && err == nil && n >= 0 && strconv.Itoa(n) == ordinal {
		return ""
	}
	return "must be the name of a pod of this StatefulSet, like " + statefulSet + "-0"
}
