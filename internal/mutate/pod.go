// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kjson "sigs.k8s.io/json"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/image"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/policy"
)

// DecodePod reads a pod as the API server reads it.
func DecodePod(raw []byte) (*corev1.Pod, error) {
	pod := &corev1.Pod{}
	return pod, decode(raw, pod)
}

// Pod is DecodePod and ReviewPod in one, for callers that need nothing of the pod to fill in the input.
func Pod(raw []byte, in Input) Result {
	pod, err := DecodePod(raw)
	if err != nil {
		return denied("pod "+in.Namespace+"/"+in.Name, err)
	}
	return ReviewPod(pod, in)
}

// ReviewPod answers what has to change in a pod that is being created. The pod is changed on the way, in step with the
// patch.
func ReviewPod(pod *corev1.Pod, in Input) Result {
	name := cmp.Or(pod.Name, in.Name)
	object := fmt.Sprintf("pod %s/%s", in.Namespace, name)
	if reason, err := passes(pod, in.NamespaceOptIn, in.Resolved.Images); err != nil {
		return denied(object, err)
	} else if reason != "" {
		return Result{Reason: reason, Warnings: strayWarning(pod, reason, in)}
	}
	owner := OwningStatefulSet(pod)
	if owner == nil {
		return denied(object, refuse(DeniedNoStatefulSet, "metadata.ownerReferences: the pod does not belong to a StatefulSet, and only a StatefulSet gives Redis a name and data that outlive the pod: use one, or set the label %s to %s", contract.LabelOptIn, contract.OptInDisabled))
	}
	s, err := examine(pod, question{
		namespace: in.Namespace, podName: name, statefulSet: owner.Name, effective: Effective(pod.Annotations, in.SetAnnotations),
		replicas: max(in.Replicas, ordinalOf(name, owner.Name)+1), resolved: in.Resolved, resolveErr: in.ResolveErr,
	})
	if err != nil {
		return denied(object, err, s.warnings()...)
	}
	return inject(pod, s, in, string(owner.UID))
}

// Wants reports whether a pod is one to inject: neither let through as it is, nor refused at first sight.
func Wants(pod *corev1.Pod, namespaceOptIn bool, images image.Table) bool {
	reason, err := passes(pod, namespaceOptIn, images)
	return reason == "" && err == nil
}

// passes gives the reason why a pod is let through as it is; empty where it has to be injected.
func passes(pod *corev1.Pod, namespaceOptIn bool, images image.Table) (Reason, error) {
	if _, ok := pod.Annotations[annotationMirror]; ok {
		return MirrorPod, nil
	}
	switch optIn, err := readOptIn(pod.Labels); {
	case err != nil:
		return "", err
	case optIn == contract.OptInDisabled:
		return OptedOut, nil
	case optIn == contract.OptInEnabled:
		return "", nil
	case !namespaceOptIn:
		return NotOptedIn, nil
	case OwningStatefulSet(pod) == nil, !looksLikeServer(pod.Annotations, pod.Spec.Containers, images):
		return NotRedis, nil
	}
	return "", nil
}

// readOptIn is the value of the label; empty where it is absent.
func readOptIn(labels map[string]string) (string, error) {
	value, ok := labels[contract.LabelOptIn]
	if !ok || value == contract.OptInEnabled || value == contract.OptInDisabled {
		return value, nil
	}
	return "", refuse(DeniedLabel, "label %s: %q is invalid: %smust be %s or %s", contract.LabelOptIn, value, didYouMean(value, []string{contract.OptInEnabled, contract.OptInDisabled}), contract.OptInEnabled, contract.OptInDisabled)
}

// strayWarning tells whoever runs Redis without a StatefulSet in a labelled Namespace that it stays alone.
func strayWarning(pod *corev1.Pod, reason Reason, in Input) []string {
	if reason != NotRedis || !in.NamespaceOptIn || OwningStatefulSet(pod) != nil || !looksLikeServer(pod.Annotations, pod.Spec.Containers, in.Resolved.Images) {
		return nil
	}
	return []string{"redis-sentinel: the namespace is labelled, but this pod does not belong to a StatefulSet: it is not replicated"}
}

// OwningStatefulSet is the StatefulSet that controls a pod; nil where none does.
func OwningStatefulSet(pod *corev1.Pod) *metav1.OwnerReference {
	owner := metav1.GetControllerOf(pod)
	if owner == nil || owner.Kind != "StatefulSet" || owner.APIVersion != "apps/v1" {
		return nil
	}
	return owner
}

// usable refuses an object for which policy has not what an injected pod of this role needs. A Sentinel is watched by
// nobody.
func usable(r policy.Resolved, err error, role string, o *objections) {
	for _, err := range eachOf(err) {
		var annotation *policy.AnnotationError
		switch {
		case errors.As(err, &annotation) && role == contract.PodRoleRedis:
			o.add(refuse(DeniedAnnotation, "%w", err))
		case role == contract.PodRoleRedis || r.Agent.Image == "":
			o.add(refuse(DeniedPolicy, "%w", err))
		}
	}
	if err == nil && r.Agent.Image == "" {
		o.add(refuse(DeniedPolicy, "the policy does not name an image of the agent: set defaults.agent.image"))
	}
}

// OtherKind says why an object that makes pods and is no StatefulSet is refused with the label. The chart's policy says the same.
func OtherKind(kind string) string {
	return "label " + contract.LabelOptIn + ": a " + kind + " gives Redis neither a name nor data that outlive a pod: make it a StatefulSet, whose spec has " +
		"serviceName beside the same template and volumeClaimTemplates for the data, or remove the label from it and from its pod template"
}

// ordinalOf is the number of a pod in its StatefulSet, from 0; 0 where its name says none.
func ordinalOf(pod, statefulSet string) int {
	n, err := strconv.Atoi(strings.TrimPrefix(pod, statefulSet+"-"))
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// inject makes every thing so, one after the other. The order matters in one place: what is removed by index goes before
// what is inserted.
func inject(pod *corev1.Pod, s subject, in Input, ownerUID string) Result {
	j := &injection{subject: s, pod: pod, in: in}
	j.patch.text.Grow(usualPatch)
	j.original = originalOf(pod.Spec.Containers[s.index], s.before)
	if err := j.encodeSettings(); err != nil {
		return denied("pod "+s.namespace+"/"+s.podName, err)
	}
	j.account()
	j.volumes()
	if s.line.Place != "" {
		j.takePlace() // the agent mounts what the server does
	}
	j.initContainers()
	if err := j.serverContainer(); err != nil {
		return denied("pod "+s.namespace+"/"+s.podName, err)
	}
	j.pullSecrets()
	j.labels()
	j.annotations()
	j.warnings = append(j.warnings, s.warnings()...)
	result := Result{Patch: j.patch.bytes(), Warnings: j.warnings, Reason: Injected, Group: j.group(ownerUID)}
	if s.before != nil {
		result.Reason = Repaired
	}
	if len(result.Patch) == 0 {
		result.Reason = AlreadyInjected
	}
	return result
}

// usualPatch is how many bytes the patches of most pods have at most.
const usualPatch = 8 << 10

// injection is one pod on its way through the functions that change it.
type injection struct {
	subject
	// pod is kept in step with the patch.
	pod      *corev1.Pod
	in       Input
	settings contract.Settings
	text     string // settings, encoded
	patch    patch
	warnings []string
	// accountName is set by account.
	accountName accountName
	added       []string
	original    original
}

func (j *injection) warn(format string, args ...any) {
	j.warnings = append(j.warnings, "redis-sentinel: "+fmt.Sprintf(format, args...))
}

// container is the server's.
func (j *injection) container() *corev1.Container { return &j.pod.Spec.Containers[j.index] }

// path of a field of the server's container.
func (j *injection) path(field string) string {
	return "/spec/containers/" + strconv.Itoa(j.index) + "/" + field
}

// decode reads JSON as the API server reads it: keys are case-sensitive, and unknown ones are somebody else's.
func decode(raw []byte, into any) error {
	if err := kjson.UnmarshalCaseSensitivePreserveInts(raw, into); err != nil {
		return fmt.Errorf("decoding the object: %w", err)
	}
	return nil
}
