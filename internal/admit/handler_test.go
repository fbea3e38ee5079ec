// SPDX-License-Identifier: Apache-2.0

package admit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/mutate"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/policy"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/provision"
)

const testPolicy = `apiVersion: redis-sentinel.dev/v1alpha1
kind: Policy
defaults: {agent: {image: "redis-sentinel-webhook:dev"}}
sentinelSets:
  - {namespace: system, name: redis-sentinel, namespaces: ["*"]}
`

// stub is a Provisioner of function fields.
type stub struct {
	ensure func(g mutate.Group) error
	// noAccount says that the account of the group does not exist.
	noAccount bool
	// calls of ensure, and questions about the account.
	calls, asked int
}

func (s *stub) Ensure(_ context.Context, g mutate.Group) error {
	s.calls++
	if s.ensure == nil {
		return nil
	}
	return s.ensure(g)
}

func (s *stub) accountPresent(context.Context, string, string) bool {
	s.asked++
	return !s.noAccount
}

var _ Provisioner = (*stub)(nil)

// server is a Server over HTTP, and what it logs and counts.
type server struct {
	*Server
	mux     http.Handler
	log     *bytes.Buffer
	counted *prometheus.Registry
}

func newServer(tb testing.TB, p *stub, labels Labels) server {
	tb.Helper()
	parsed, err := policy.Parse([]byte(testPolicy))
	if err != nil {
		tb.Fatal(err)
	}
	log, counted := &bytes.Buffer{}, prometheus.NewRegistry()
	s := &Server{
		Reviewer: Reviewer{
			Policy: func() *policy.Policy { return parsed }, NamespaceLabels: labels, AccountPresent: p.accountPresent,
			HookKey: []byte("0123456789abcdef0123456789abcdef"), Version: "test",
		},
		Provisioner: p, Metrics: NewMetrics(counted), Log: logr.FromSlogHandler(slog.NewJSONHandler(log, nil)), Now: time.Now,
	}
	return server{s, muxOf(s), log, counted}
}

// muxOf registers the server as it is now.
func muxOf(s *Server) *http.ServeMux {
	mux := http.NewServeMux()
	s.Register(mux)
	return mux
}

// count is how many admissions were counted, whatever their reason.
func (s server) count(tb testing.TB) float64 {
	tb.Helper()
	families, err := s.counted.Gather()
	if err != nil {
		tb.Fatal(err)
	}
	sum := 0.0
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			sum += metric.GetCounter().GetValue()
		}
	}
	return sum
}

func noLabels(context.Context, string) (map[string]string, error) { return nil, nil }

// send sends an object the way an API server does.
func (s server) send(tb testing.TB, path string, request admissionv1.AdmissionRequest) *admissionv1.AdmissionResponse {
	tb.Helper()
	request.UID = "42"
	body, err := json.Marshal(map[string]any{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request})
	if err != nil {
		tb.Fatal(err)
	}
	r := httptest.NewRequestWithContext(tb.Context(), http.MethodPost, path, bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	s.mux.ServeHTTP(w, r)
	if length := w.Header().Get("Content-Length"); length != strconv.Itoa(w.Body.Len()) {
		tb.Errorf("the answer has %d bytes, and its header says %q: it goes in chunks", w.Body.Len(), length)
	}
	var review admissionv1.AdmissionReview
	if err := json.Unmarshal(w.Body.Bytes(), &review); err != nil {
		tb.Fatalf("answer %q: %v", w.Body, err)
	}
	if review.Response.UID != types.UID("42") {
		tb.Errorf("the answer has UID %q", review.Response.UID)
	}
	return review.Response
}

// quickstart is the StatefulSet of the quickstart as JSON, stamped, with a secret that no log may show.
func quickstart(tb testing.TB) []byte {
	tb.Helper()
	text, err := os.ReadFile("../../examples/quickstart/redis.yaml")
	if err != nil {
		tb.Fatal(err)
	}
	for document := range strings.SplitSeq(string(text), "\n---\n") {
		if !strings.Contains(document, "kind: StatefulSet") {
			continue
		}
		document = strings.Replace(document, "labels: {app: redis}", "labels: {app: redis, redis-sentinel: enabled}", 1)
		document = strings.Replace(document, "args: [", "env: [{name: TOKEN, value: very-secret}]\n          args: [", 1)
		raw, err := yaml.YAMLToJSON([]byte(document))
		if err != nil {
			tb.Fatal(err)
		}
		return raw
	}
	tb.Fatal("the quickstart has no StatefulSet")
	return nil
}

func podRequest(tb testing.TB) admissionv1.AdmissionRequest {
	tb.Helper()
	pod, err := PodOf(quickstart(tb), 0)
	if err != nil {
		tb.Fatal(err)
	}
	return admissionv1.AdmissionRequest{Namespace: "shop", Name: pod.Name, Operation: admissionv1.Create, Object: runtime.RawExtension{Raw: pod.Raw}}
}

func TestPodIsAnswered(t *testing.T) {
	for name, tc := range map[string]struct {
		provisioner *stub
		change      func(r *admissionv1.AdmissionRequest)
		labels      Labels
		allowed     bool
		code        int32
		reason      mutate.Reason
		message     string
		ensured     int
	}{
		"injected": {
			provisioner: &stub{}, allowed: true, code: 200, reason: mutate.Injected, ensured: 1,
		},
		"dry-run creates nothing": {
			provisioner: &stub{}, change: func(r *admissionv1.AdmissionRequest) { r.DryRun = new(true) }, allowed: true, code: 200, reason: mutate.Injected,
		},
		"refused for a wrong label": {
			provisioner: &stub{}, change: func(r *admissionv1.AdmissionRequest) {
				r.Object.Raw = bytes.ReplaceAll(r.Object.Raw, []byte(`"enabled"`), []byte(`"yes"`))
			}, code: 403, reason: mutate.DeniedLabel, message: contract.LabelOptIn,
		},
		"refused for a name that is taken": {
			provisioner: &stub{ensure: func(mutate.Group) error {
				return fmt.Errorf("creating: %w", &provision.ForeignError{Kind: "Lease", Namespace: "shop", Name: "redis-sentinel-redis"})
			}}, code: 403, reason: ForeignObject, message: "Lease shop/redis-sentinel-redis", ensured: 1,
		},
		"refused for a Secret that cannot be written": {
			provisioner: &stub{ensure: func(mutate.Group) error {
				return &provision.ImmutableError{Namespace: "shop", Name: "redis-sentinel-redis", Remedy: "delete it"}
			}}, code: 403, reason: ProvisionFailed, message: "Secret shop/redis-sentinel-redis", ensured: 1,
		},
		"failed for now when nothing can be made": {
			provisioner: &stub{ensure: func(mutate.Group) error { return errors.New("etcd is away") }}, code: 500, reason: ProvisionFailed, message: "etcd is away", ensured: 1,
		},
		"failed for now when the Namespace cannot be read": {
			provisioner: &stub{}, labels: func(context.Context, string) (map[string]string, error) { return nil, errors.New("timeout") },
			code: 500, reason: LookupFailed, message: "timeout",
		},
		"refused when it cannot be read": {
			provisioner: &stub{}, change: func(r *admissionv1.AdmissionRequest) {
				r.Object.Raw = []byte(`{"metadata":{"name":"redis-0"},"spec":"very-secret"}`)
			}, code: 403, reason: mutate.DeniedMalformed,
		},
		"left alone when not opted in": {
			provisioner: &stub{}, change: func(r *admissionv1.AdmissionRequest) {
				r.Object.Raw = bytes.ReplaceAll(r.Object.Raw, []byte(`"redis-sentinel":"enabled"`), []byte(`"other":"label"`))
			}, allowed: true, code: 200, reason: mutate.NotOptedIn,
		},
	} {
		t.Run(name, func(t *testing.T) {
			labels := tc.labels
			if labels == nil {
				labels = noLabels
			}
			s := newServer(t, tc.provisioner, labels)
			request := podRequest(t)
			if tc.change != nil {
				tc.change(&request)
			}
			response := s.send(t, contract.PathMutatePods, request)
			if response.Allowed != tc.allowed || response.Result.Code != tc.code || response.AuditAnnotations[auditReason] != tc.reason.String() {
				t.Errorf("answer %+v, want allowed %v, code %d, reason %s", response, tc.allowed, tc.code, tc.reason)
			}
			if !strings.Contains(response.Result.Message, tc.message) {
				t.Errorf("message %q does not say %q", response.Result.Message, tc.message)
			}
			if got := len(response.Patch) > 0; got != (tc.reason == mutate.Injected) {
				t.Errorf("patch %s", response.Patch)
			}
			if request.DryRun == nil && tc.provisioner.asked > 0 {
				t.Error("the account was asked for although it is created anyway")
			}
			if tc.provisioner.calls != tc.ensured {
				t.Errorf("Ensure was called %d times, want %d", tc.provisioner.calls, tc.ensured)
			}
			if got := s.count(t); got != 1 {
				t.Errorf("%v admissions were counted, want 1", got)
			}
			if strings.Contains(s.log.String(), "very-secret") || !strings.Contains(s.log.String(), tc.reason.String()) {
				t.Errorf("log %s", s.log)
			}
		})
	}
}

func TestDryRunWithoutAccountKeepsDefault(t *testing.T) {
	request := podRequest(t)
	request.DryRun = new(true)
	with := newServer(t, &stub{}, noLabels).send(t, contract.PathMutatePods, request)
	without := newServer(t, &stub{noAccount: true}, noLabels).send(t, contract.PathMutatePods, request)
	if !bytes.Contains(with.Patch, []byte("redis-sentinel-redis")) {
		t.Error("with its account, the pod does not get it")
	}
	if bytes.Contains(without.Patch, []byte("serviceAccountName")) || len(without.Warnings) <= len(with.Warnings) {
		t.Errorf("without its account: warnings %v, patch %s", without.Warnings, without.Patch)
	}
}

func TestStatefulSetIsStamped(t *testing.T) {
	s := newServer(t, &stub{}, noLabels)
	raw := bytes.ReplaceAll(quickstart(t), []byte(`"app":"redis","redis-sentinel":"enabled"`), []byte(`"app":"redis"`))
	response := s.send(t, contract.PathMutateStatefulSets, admissionv1.AdmissionRequest{
		Namespace: "shop", Name: "redis", Operation: admissionv1.Create, Object: runtime.RawExtension{Raw: raw},
	})
	if !response.Allowed || response.AuditAnnotations[auditReason] != mutate.Stamped.String() {
		t.Errorf("answer %+v", response)
	}
	touched := bytes.Replace(raw, []byte(`"metadata":{`), []byte(`"metadata":{"annotations":{"`+contract.AnnotationTouched+`":"2026"},`), 1)
	response = s.send(t, contract.PathMutateStatefulSets, admissionv1.AdmissionRequest{
		Namespace: "shop", Name: "redis", Operation: admissionv1.Update, Object: runtime.RawExtension{Raw: touched}, OldObject: runtime.RawExtension{Raw: raw},
	})
	if !response.Allowed {
		t.Errorf("a nudge is refused: %s", response.Result.Message)
	}
}

func TestPanicIsAnAnswer(t *testing.T) {
	s := newServer(t, &stub{ensure: func(mutate.Group) error { panic("nil map") }}, noLabels)
	if response := s.send(t, contract.PathMutatePods, podRequest(t)); response.Allowed || response.Result.Code != 500 {
		t.Errorf("answer %+v", response)
	}
}

func TestNameOfPodsWithoutOne(t *testing.T) {
	for raw, want := range map[string]string{
		`{"metadata":{"name":"redis-0"}}`:             "redis-0",
		`{"metadata":{"generateName":"redis-7d9f-"}}`: "redis-7d9f",
		`{"metadata":{}}`:                             "",
	} {
		pod, err := mutate.DecodePod([]byte(raw))
		if err != nil {
			t.Fatal(err)
		}
		if got := newServer(t, &stub{}, noLabels).pod(t.Context(), request[corev1.Pod]{Object: pod}).name; got != want {
			t.Errorf("%s: name %q, want %q", raw, got, want)
		}
	}
}

func BenchmarkPodOverHTTP(b *testing.B) {
	s := newServer(b, &stub{}, noLabels)
	s.Log = logr.Discard()
	request := podRequest(b)
	for b.Loop() {
		s.send(b, contract.PathMutatePods, request)
	}
}
