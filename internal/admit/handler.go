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
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/webhook"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

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
	// Ensure returns when everything is there. A *provision.ForeignError says that a name is taken.
	Ensure(ctx context.Context, g mutate.Group) error
}

// Server holds what both handlers share.
type Server struct {
	Reviewer    Reviewer
	Provisioner Provisioner
	Metrics     *Metrics
	Log         logr.Logger
	// Now is the clock.
	Now func() time.Time
}

// Register hangs both handlers below their paths.
func (s *Server) Register(server webhook.Server) {
	for path, review := range map[string]reviewFunc{
		contract.PathMutatePods:         s.pod,
		contract.PathMutateStatefulSets: s.statefulSet,
	} {
		server.Register(path, &webhook.Admission{Handler: s.handler(review), RecoverPanic: new(true)})
	}
}

// reviewFunc answers one request.
type reviewFunc func(context.Context, admission.Request) answer

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

// pod reviews a pod, and makes what it needs unless this is a dry-run.
func (s *Server) pod(ctx context.Context, req admission.Request) answer {
	a := answer{kind: kindPod, name: req.Name}
	pod, err := mutate.DecodePod(req.Object.Raw)
	if err != nil {
		a.Result = malformed(err)
		return a
	}
	a.name = nameOf(req, pod)
	dryRun := isDryRun(req)
	if a.Result, err = s.Reviewer.Pod(ctx, PodRequest{Namespace: req.Namespace, Name: a.name, Pod: pod, DryRun: dryRun}); err != nil {
		return a.failed(LookupFailed, err)
	}
	if a.Group == nil || dryRun {
		return a
	}
	err = s.Provisioner.Ensure(ctx, *a.Group)
	foreign := (*provision.ForeignError)(nil)
	switch {
	case errors.As(err, &foreign):
		a.Result = mutate.Result{Reason: ForeignObject, Denied: err.Error()}
	case err != nil:
		return a.failed(ProvisionFailed, err)
	}
	return a
}

func (s *Server) statefulSet(ctx context.Context, req admission.Request) answer {
	a := answer{kind: kindStatefulSet, name: req.Name}
	set, err := mutate.DecodeStatefulSet(req.Object.Raw)
	var old *appsv1.StatefulSet
	if err == nil && len(req.OldObject.Raw) > 0 {
		old, err = mutate.DecodeStatefulSet(req.OldObject.Raw)
	}
	if err != nil {
		a.Result = malformed(err)
		return a
	}
	a.name = nameOf(req, set)
	if a.Result, err = s.Reviewer.StatefulSet(ctx, SetRequest{Namespace: req.Namespace, Set: set, Old: old}); err != nil {
		return a.failed(LookupFailed, err)
	}
	return a
}

// failed is the answer where nobody is to blame and the request may be repeated.
func (a answer) failed(reason mutate.Reason, err error) answer {
	return answer{Result: mutate.Result{Reason: reason}, kind: a.kind, name: a.name, failure: err}
}

// handler does what is the same for all objects: it takes the time, counts, logs and answers. The request's context is
// left behind, because the server cancels it as soon as it begins to shut down.
func (s *Server) handler(review reviewFunc) admission.HandlerFunc {
	return func(ctx context.Context, req admission.Request) admission.Response {
		start := s.Now()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), reviewTimeout)
		defer cancel()
		a := review(ctx, req)
		response := a.respond()
		took := s.Now().Sub(start)
		s.Metrics.count(a, took)
		log := s.Log.WithValues("kind", a.kind, "namespace", req.Namespace, "name", a.name, "result", a.result,
			"reason", a.Reason, "dryRun", isDryRun(req), "milliseconds", float64(took.Microseconds())/1000, "requestID", req.UID)
		switch {
		case a.failure != nil:
			log.Error(a.failure, "Admission failed")
		case a.Denied != "":
			log.Info("Admission denied", "message", a.Denied)
		default:
			log.Info("Admitted")
		}
		return response
	}
}

// respond renders the answer and sets its result.
func (a *answer) respond() admission.Response {
	response := admission.Response{AdmissionResponse: admissionv1.AdmissionResponse{
		AuditAnnotations: map[string]string{auditReason: a.Reason.String()},
	}}
	patch, err := a.PatchJSON()
	if a.failure == nil {
		a.failure = err
	}
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
	response.Warnings = a.Warnings
	a.result = resultUnchanged
	if patch != nil {
		a.result = resultPatched
		jsonPatch := admissionv1.PatchTypeJSONPatch
		response.Patch, response.PatchType = patch, &jsonPatch
	}
	return response
}

func isDryRun(req admission.Request) bool { return req.DryRun != nil && *req.DryRun }

// nameOf is the object's name or, where the API server has still to make one, what it will begin with.
func nameOf(req admission.Request, o metav1.Object) string {
	return cmp.Or(req.Name, o.GetName(), strings.TrimSuffix(o.GetGenerateName(), "-"))
}
