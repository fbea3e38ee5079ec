// SPDX-License-Identifier: Apache-2.0

package admit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"

	admissionv1 "k8s.io/api/admission/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	kjson "sigs.k8s.io/json"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/mutate"
)

// request is what is read of an AdmissionReview. Its objects are decoded with it, in one go: their text is copied nowhere.
type request[T any] struct {
	UID       types.UID `json:"uid"`
	Namespace string    `json:"namespace"`
	Name      string    `json:"name"`
	DryRun    bool      `json:"dryRun"`
	Object    *T        `json:"object"`
	OldObject *T        `json:"oldObject"`
	// malformed is why Object or OldObject could not be decoded. The decoder goes on behind a value of the wrong type, so
	// that the rest is known nevertheless.
	malformed error
}

const (
	// maxName is the length of the longest name that Kubernetes gives to anything.
	maxName = 253
	// maxText is the length of the longest message: it may repeat what the sender wrote, in the answer and in the log.
	maxText = 2 << 10
)

// cut shortens what the sender may have made long.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + " …"
}

// decodeRequest reads a body as the API server reads objects: keys are case-sensitive, and unknown ones are somebody else's.
func decodeRequest[T any](body []byte) (request[T], error) {
	var review struct {
		metav1.TypeMeta `json:",inline"`
		Request         request[T] `json:"request"`
	}
	err := kjson.UnmarshalCaseSensitivePreserveInts(body, &review)
	req := review.Request
	switch {
	case review.APIVersion != admissionv1.SchemeGroupVersion.String() || review.Kind != "AdmissionReview" || req.UID == "":
		return req, errors.Join(fmt.Errorf("this is no AdmissionReview of %s with a request", admissionv1.SchemeGroupVersion), err)
	case len(req.UID) > maxName || len(req.Namespace) > maxName || len(req.Name) > maxName:
		return req, fmt.Errorf("uid, namespace and name of a review have at most %d characters", maxName)
	case err != nil:
		req.malformed = fmt.Errorf("decoding the object: %w", err)
	case req.Object == nil:
		req.malformed = errors.New("decoding the object: there is none")
	}
	return req, nil
}

// handler answers reviews of one kind over HTTP. What is no review gets a status and a sentence, and no line in the log:
// whoever sends it could fill a disk.
func handler[T any](s *Server, l *load, review func(context.Context, request[T]) answer) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); r.Method != http.MethodPost || err != nil || media != "application/json" {
			http.Error(w, "send an AdmissionReview by POST as application/json", http.StatusUnsupportedMediaType)
			return
		}
		// The server cancels the request's context as soon as it begins to shut down.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), reviewTimeout)
		defer cancel()
		body, done, err := l.read(ctx, r)
		if err != nil {
			s.Metrics.turnAway(err)
			w.Header().Set("Retry-After", "1") // API servers do so themselves after 429
			http.Error(w, err.Error(), statusOf(err))
			return
		}
		defer done()
		req, err := decodeRequest[T](body)
		if err != nil {
			s.Metrics.turnAway(err)
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		response := answerTo(ctx, s, req, review)
		response.UID = req.UID
		if err := send(w, &response); err != nil {
			s.Log.V(1).Info("Nobody took the answer", "error", err.Error())
		}
	})
}

// send sends an answer with its length: without one it goes in many small pieces, each of which wakes both ends.
func send(w http.ResponseWriter, response *admissionv1.AdmissionResponse) error {
	text := answers.Get().(*bytes.Buffer) //nolint:forcetypeassert // nothing else is put there
	defer answers.Put(text)
	text.Reset()
	if err := json.NewEncoder(text).Encode(admissionv1.AdmissionReview{
		TypeMeta: metav1.TypeMeta{APIVersion: admissionv1.SchemeGroupVersion.String(), Kind: "AdmissionReview"}, Response: response,
	}); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(text.Len()))
	_, err := w.Write(text.Bytes())
	return err
}

// answers are buffers that answers were written from: each is some times as long as the review.
var answers = sync.Pool{New: func() any { return &bytes.Buffer{} }}

func statusOf(err error) int {
	switch {
	case errors.Is(err, errTooLarge):
		return http.StatusRequestEntityTooLarge
	case errors.Is(err, errBusy):
		return http.StatusTooManyRequests
	}
	return http.StatusBadRequest
}

// answerTo does what is the same for all objects: it takes the time, counts, logs and answers, also after a panic.
func answerTo[T any](ctx context.Context, s *Server, req request[T], review func(context.Context, request[T]) answer) admissionv1.AdmissionResponse {
	start := s.Now()
	a := guarded(ctx, s, req, review)
	a.name, a.Denied = cut(a.name, maxName), cut(a.Denied, maxText)
	for i := range a.Warnings {
		a.Warnings[i] = cut(a.Warnings[i], maxText)
	}
	response := a.respond()
	took := s.Now().Sub(start)
	s.Metrics.count(a, took)
	log := s.Log.WithValues("kind", a.kind, "namespace", req.Namespace, "name", a.name, "result", a.result,
		"reason", a.Reason, "dryRun", req.DryRun, "milliseconds", float64(took.Microseconds())/1000, "requestID", req.UID)
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

// guarded turns a panic into a failure. Where it happened is for the log alone.
func guarded[T any](ctx context.Context, s *Server, req request[T], review func(context.Context, request[T]) answer) (a answer) {
	defer func() {
		if r := recover(); r != nil {
			s.Log.Error(nil, "Panic", "panic", fmt.Sprint(r), "stack", string(debug.Stack()))
			a = answer{Result: mutate.Result{Reason: Panicked}, kind: kindOf[T](), name: req.Name, failure: errors.New("the webhook has a fault, which its log shows")}
		}
	}()
	return review(ctx, req)
}

func kindOf[T any]() string {
	switch any(new(T)).(type) {
	case *corev1.Pod:
		return kindPod
	case *autoscalingv1.Scale:
		return kindScale
	}
	return kindStatefulSet
}
