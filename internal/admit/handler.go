// SPDX-License-Identifier: Apache-2.0

package admit

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/go-logr/logr"
	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/webhook"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/mutate"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/provision"
)

// patience is how long one admission may take inside the webhook, below the API server's own timeout.
const patience = 4 * time.Second

// auditReason is the key of the audit annotation; the API server puts the webhook's name before it.
const auditReason = "reason"

// Provisioner makes what the pods of a group need.
type Provisioner interface {
	// Ensure returns when everything is there. A *provision.ForeignError says that a name is taken.
	Ensure(ctx context.Context, g mutate.Group) error
	// AccountPresent tells whether the group's account exists; it writes nothing.
	AccountPresent(ctx context.Context, g mutate.Group) bool
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
	recoverPanic := true
	for path, handle := range map[string]admission.HandlerFunc{
		contract.PathMutatePods:         s.pods,
		contract.PathMutateStatefulSets: s.statefulSets,
	} {
		server.Register(path, &webhook.Admission{Handler: handle, RecoverPanic: &recoverPanic})
	}
}

// answer is a result with what became of it.
type answer struct {
	mutate.Result
	// result is one of the result labels.
	result string
	// failure is why the object is refused for now; nil otherwise.
	failure error
}

func (s *Server) pods(ctx context.Context, req admission.Request) admission.Response {
	return s.serve(ctx, kindPod, req, s.pod)
}

func (s *Server) statefulSets(ctx context.Context, req admission.Request) admission.Response {
	return s.serve(ctx, kindStatefulSet, req, func(ctx context.Context, subject Subject) answer {
		result, err := s.Reviewer.StatefulSet(ctx, subject)
		if err != nil {
			return answer{Result: mutate.Result{Reason: LookupFailed}, failure: err}
		}
		return answer{Result: result}
	})
}

// pod reviews a pod, and makes what it needs unless this is a dry-run. There it reviews once more where the account is
// not there yet, because the API server refuses pods of accounts that do not exist.
func (s *Server) pod(ctx context.Context, subject Subject) answer {
	result, err := s.Reviewer.Pod(ctx, subject, true)
	if err == nil && subject.DryRun && result.Group != nil && !s.Provisioner.AccountPresent(ctx, *result.Group) {
		result, err = s.Reviewer.Pod(ctx, subject, false)
	}
	switch {
	case err != nil:
		return answer{Result: mutate.Result{Reason: LookupFailed}, failure: err}
	case result.Denied != "" || result.Group == nil || subject.DryRun:
		return answer{Result: result}
	}
	err = s.Provisioner.Ensure(ctx, *result.Group)
	foreign := (*provision.ForeignError)(nil)
	switch {
	case errors.As(err, &foreign):
		return answer{Result: mutate.Result{Reason: ForeignObject, Denied: err.Error()}}
	case err != nil:
		return answer{Result: mutate.Result{Reason: ProvisionFailed}, failure: err}
	}
	return answer{Result: result}
}

// serve does what is the same for all objects: it names the subject, takes the time, counts, logs and answers. The
// request's context is left behind, because the server cancels it as soon as it begins to shut down.
func (s *Server) serve(ctx context.Context, kind string, req admission.Request, review func(context.Context, Subject) answer) admission.Response {
	start := s.Now()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	subject := Subject{Namespace: req.Namespace, Name: name(req), Raw: req.Object.Raw, Old: req.OldObject.Raw, DryRun: req.DryRun != nil && *req.DryRun}
	a := review(ctx, subject)
	response := a.respond()
	took := s.Now().Sub(start)
	s.Metrics.count(kind, a.result, a.Reason, took)
	log := s.Log.WithValues("kind", kind, "namespace", subject.Namespace, "name", subject.Name, "result", a.result,
		"reason", a.Reason, "dryRun", subject.DryRun, "milliseconds", float64(took.Microseconds())/1000, "requestID", req.UID)
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
			Message: a.failure.Error() + " (this may pass; the request can be repeated)",
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

// name is the object's name or, where the API server has still to make one, what it will begin with.
func name(req admission.Request) string {
	if req.Name != "" {
		return req.Name
	}
	var object struct {
		Metadata struct {
			Name         string `json:"name"`
			GenerateName string `json:"generateName"`
		} `json:"metadata"`
	}
	if err := json.Unmarshal(req.Object.Raw, &object); err != nil {
		return ""
	}
	if object.Metadata.Name != "" {
		return object.Metadata.Name
	}
	return trimDash(object.Metadata.GenerateName)
}

func trimDash(s string) string {
	if n := len(s); n > 0 && s[n-1] == '-' {
		return s[:n-1]
	}
	return s
}
