// SPDX-License-Identifier: Apache-2.0

package admit

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/go-logr/logr"
	admissionv1 "k8s.io/api/admission/v1"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/mutate"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/provision"
)

// reviewTimeout is how long one admission may take inside the webhook, below the API server's own timeout.
const reviewTimeout = 4 * time.Second

// auditReason is the key of the audit annotation; the API server puts the webhook's name before it.
const auditReason = "reason"

// Provisioner makes what the pods of a group need.
type Provisioner interface {
	// Ensure returns when everything is there. A *provision.ForeignError says that a name is taken, a
	// *provision.ImmutableError that a person has to remove a Secret.
	Ensure(ctx context.Context, g mutate.Group) error
}

// Server holds what its handlers share.
type Server struct {
	Reviewer    Reviewer
	Provisioner Provisioner
	Metrics     *Metrics
	// Events are written where nobody else tells a refusal; nil: none are.
	Events events.EventRecorder
	Log    logr.Logger
	// Now is the clock.
	Now func() time.Time
}

// Register hangs the handlers below their paths.
func (s *Server) Register(mux *http.ServeMux) {
	l := newLoad()
	mux.Handle(contract.PathMutatePods, handler(s, l, s.pod))
	mux.Handle(contract.PathMutateStatefulSets, handler(s, l, s.statefulSet))
	mux.Handle(contract.PathScale, handler(s, l, s.scale))
}

// answer is a result with what became of it.
type answer struct {
	mutate.Result
	// kind and name of the object.
	kind, name string
	// result is one of the result labels.
	result string
	// failure is why the object is refused for now; nil otherwise.
	failure error
}

// about begins the answer to a request. Where the object could not be read, it is the whole answer.
func about[T any, O interface {
	*T
	metav1.Object
}](kind string, req request[T]) (a answer, readable bool) {
	a = answer{kind: kind, name: req.Name}
	if req.malformed != nil {
		a.Result = malformed(req.malformed)
		return a, false
	}
	a.name = nameOf(req.Name, O(req.Object))
	return a, true
}

// pod reviews a pod, and makes what it needs unless this is a dry-run.
func (s *Server) pod(ctx context.Context, req request[corev1.Pod]) answer {
	a, readable := about(kindPod, req)
	if !readable {
		return a
	}
	var err error
	if a.Result, err = s.Reviewer.Pod(ctx, PodRequest{Namespace: req.Namespace, Name: a.name, Pod: req.Object, DryRun: req.DryRun}); err != nil {
		return a.failed(LookupFailed, err)
	}
	if a.Denied != "" && !req.DryRun {
		s.tell(ctx, req.Object, req.Namespace, a.Denied)
	}
	if a.Group == nil || req.DryRun {
		return a
	}
	err = s.Provisioner.Ensure(ctx, *a.Group)
	foreign, immutable := (*provision.ForeignError)(nil), (*provision.ImmutableError)(nil)
	switch {
	case errors.As(err, &foreign):
		a.Result = mutate.Result{Reason: ForeignObject, Denied: err.Error()}
	case errors.As(err, &immutable): // it does not pass, as other failures do
		a.Result = mutate.Result{Reason: ProvisionFailed, Denied: err.Error()}
	case err != nil:
		return a.failed(ProvisionFailed, err)
	}
	return a
}

func (s *Server) statefulSet(ctx context.Context, req request[appsv1.StatefulSet]) answer {
	a, readable := about(kindStatefulSet, req)
	if !readable {
		return a
	}
	var err error
	if a.Result, err = s.Reviewer.StatefulSet(ctx, SetRequest{Namespace: req.Namespace, Set: req.Object, Old: req.OldObject}); err != nil {
		return a.failed(LookupFailed, err)
	}
	return a
}

// scale reviews a request for more pods of a StatefulSet.
func (s *Server) scale(ctx context.Context, req request[autoscalingv1.Scale]) answer {
	a, readable := about(kindScale, req)
	if !readable {
		return a
	}
	var err error
	if a.Result, err = s.Reviewer.Scale(ctx, req.Namespace, a.name, req.Object.Spec.Replicas); err != nil {
		return a.failed(LookupFailed, err)
	}
	return a
}

// failed is the answer where nobody is to blame and the request may be repeated.
func (a answer) failed(reason mutate.Reason, err error) answer {
	return answer{Result: mutate.Result{Reason: reason}, kind: a.kind, name: a.name, failure: err}
}

// respond renders the answer and sets its result.
func (a *answer) respond() admissionv1.AdmissionResponse {
	response := admissionv1.AdmissionResponse{AuditAnnotations: map[string]string{auditReason: a.Reason.String()}}
	switch {
	case a.failure != nil:
		a.result = resultFailed
		response.Result = &metav1.Status{
			Status: metav1.StatusFailure, Code: http.StatusInternalServerError, Reason: metav1.StatusReasonInternalError,
			Message: a.failure.Error() + " (this may be temporary: try again)",
		}
		return response
	case a.Denied != "":
		a.result = resultDenied
		response.Result = &metav1.Status{
			Status: metav1.StatusFailure, Code: http.StatusForbidden, Reason: metav1.StatusReasonForbidden, Message: a.Denied,
		}
		response.Warnings = a.Warnings
		return response
	}
	response.Allowed = true
	response.Result = &metav1.Status{Code: http.StatusOK}
	response.Warnings = a.Warnings
	a.result = resultUnchanged
	if a.Patch != nil {
		a.result = resultPatched
		jsonPatch := admissionv1.PatchTypeJSONPatch
		response.Patch, response.PatchType = a.Patch, &jsonPatch
	}
	return response
}

// nameOf is the object's name or, where the API server has still to make one, what it will begin with.
func nameOf(requested string, o metav1.Object) string {
	return cmp.Or(requested, o.GetName(), strings.TrimSuffix(o.GetGenerateName(), "-"))
}
