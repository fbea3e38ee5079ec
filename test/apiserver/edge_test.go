// SPDX-License-Identifier: Apache-2.0

package apiserver

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/controlplane"
)

// attacker reaches the webhook's port, as any pod does, and has no account that may do anything.
type attacker struct {
	port  int
	certs []tls.Certificate
}

// post sends a review of the creation of a pod.
func (a attacker) post(t *testing.T, pod *corev1.Pod, dryRun bool) (*admissionv1.AdmissionResponse, error) {
	t.Helper()
	raw, err := json.Marshal(pod)
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(admissionv1.AdmissionReview{
		TypeMeta: metav1.TypeMeta{APIVersion: "admission.k8s.io/v1", Kind: "AdmissionReview"},
		Request: &admissionv1.AdmissionRequest{
			UID: "42", Namespace: pod.Namespace, Name: pod.Name, Operation: admissionv1.Create, DryRun: &dryRun, Object: runtime.RawExtension{Raw: raw},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	status, text, err := a.send(t, contract.PathMutatePods, body)
	if err != nil {
		return nil, err
	}
	var review admissionv1.AdmissionReview
	if err := json.Unmarshal(text, &review); err != nil || review.Response == nil {
		return nil, fmt.Errorf("%d: %s", status, text)
	}
	return review.Response, nil
}

// send posts whatever it is.
func (a attacker) send(t *testing.T, path string, body []byte) (status int, text []byte, err error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, fmt.Sprintf("https://127.0.0.1:%d%s", a.port, path), bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	transport := &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true, Certificates: a.certs}} //nolint:gosec // he does not care whom he speaks to
	response, err := (&http.Client{Transport: transport, Timeout: 10 * time.Second}).Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	text, err = io.ReadAll(response.Body)
	return response.StatusCode, text, err
}

// scene of an attack: a victim's live group and pod, and the token of its hook.
type scene struct {
	*installed
	ns     string
	live   *appsv1.StatefulSet
	victim *corev1.Pod
	token  string
}

func victim(t *testing.T) (s scene, mallory attacker) {
	t.Helper()
	w := install(t)
	w.start(t)
	s = scene{installed: w, ns: w.tenant(t)}
	s.live = labelled(s.ns, 0)
	create(t, w.client, s.live)
	s.victim = podOf(s.live, 0)
	create(t, w.client, s.victim)
	s.token = s.victim.Spec.Containers[0].Lifecycle.PreStop.HTTPGet.HTTPHeaders[0].Value
	if s.token == "" {
		t.Fatal("the victim has no hook")
	}
	return s, attacker{port: w.port}
}

// TestAttackForgedReview: reviews that no API server sent, from somebody who knows all names, and of one StatefulSet of his own
// everything. First version: an account without rights got a RoleBinding.
func TestAttackForgedReview(t *testing.T) {
	w, mallory := victim(t)
	ns := w.ns
	plain := statefulSet(ns, "plain", "plain", 0, nil)
	create(t, w.client, plain)
	before := versions(t, w.client, ns)

	missing := labelled(ns, 0)
	missing.Name, missing.UID = "missing", "1"
	guessed := w.live.DeepCopy()
	guessed.UID = "1"
	asMallory := w.live.DeepCopy()
	asMallory.Spec.Template.Spec.ServiceAccountName = "mallory"
	for name, set := range map[string]*appsv1.StatefulSet{
		"a made-up StatefulSet": missing, "a guessed uid": guessed, "another account": asMallory, "one that nobody opted in": plain,
	} {
		pod := podOf(set, 0)
		pod.Labels = map[string]string{contract.LabelOptIn: contract.OptInEnabled}
		pod.Annotations = map[string]string{contract.AnnotationMasterService: "stolen"}
		for _, dryRun := range []bool{false, true} {
			response, err := mallory.post(t, pod, dryRun)
			if err != nil {
				t.Fatal(err)
			}
			if response.Allowed && !dryRun || bytes.Contains(response.Patch, []byte(w.token)) {
				t.Errorf("%s, dry-run %v: %+v, patch %s", name, dryRun, response, response.Patch)
			}
		}
	}
	if after := versions(t, w.client, ns); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("the victim's objects changed: %v, were %v", after, before)
	}
	bindings, leases, services := &rbacv1.RoleBindingList{}, &coordinationv1.LeaseList{}, &corev1.ServiceList{}
	for list, most := range map[client.ObjectList]int{bindings: 3, leases: 1, services: 2} {
		if err := w.client.List(t.Context(), list, client.InNamespace(ns), client.HasLabels{contract.LabelManaged}); err != nil {
			t.Fatal(err)
		}
		raw, err := json.Marshal(list)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(string(raw), contract.LabelManaged+`":"true"`); got != most || strings.Contains(string(raw), "mallory") || strings.Contains(string(raw), "stolen") {
			t.Errorf("%d objects, want %d: %s", got, most, raw)
		}
	}
}

// TestAttackDryRunToken asks what the victim's pod would become, which changes nothing and is not logged. First version: the answer
// had the token of its hook in it.
func TestAttackDryRunToken(t *testing.T) {
	w, mallory := victim(t)
	dry, err := mallory.post(t, podOf(w.live, 0), true)
	if err != nil || !dry.Allowed || bytes.Contains(dry.Patch, []byte(w.token)) {
		t.Errorf("a dry-run of the victim itself: %+v (%v), patch %s", dry, err, dry.Patch)
	}
	if !bytes.Contains(dry.Patch, []byte(contract.AgentContainer)) {
		t.Errorf("nothing was injected: this test shows nothing: %s", dry.Patch)
	}
}

// TestAttackExcludedNamespace although an API server sends its pods, and although its StatefulSet is labelled.
func TestAttackExcludedNamespace(t *testing.T) {
	w := install(t)
	ns := w.tenant(t)
	w.start(t, "--excluded-namespaces=kube-system,"+ns)
	set := labelled(ns, 0)
	create(t, w.client, set)
	pod := podOf(set, 0)
	pod.Labels[contract.LabelOptIn] = contract.OptInEnabled
	create(t, w.client, pod)
	if len(pod.Spec.InitContainers) > 0 || set.Spec.Template.Labels[contract.LabelOptIn] != "" {
		t.Error("pod or StatefulSet were changed")
	}
	if response, err := (attacker{port: w.port}).post(t, podOf(set, 0), false); err != nil || len(response.Patch) > 0 {
		t.Errorf("a review of the attacker's: %+v (%v)", response, err)
	}
	set.Labels["look"] = "again"
	if err := w.client.Update(t.Context(), set); err != nil {
		t.Fatal(err)
	}
	time.Sleep(2 * time.Second) // the reconciler has seen all this
	for what, o := range objectsOf() {
		_, name, _ := strings.Cut(what, " ")
		if err := w.client.Get(t.Context(), client.ObjectKey{Namespace: ns, Name: name}, o); !apierrors.IsNotFound(err) {
			t.Errorf("%s is there (%v)", what, err)
		}
	}
	if !strings.Contains(w.metrics(t), `redis_sentinel_webhook_admissions_total{kind="Pod",reason="ExcludedNamespace",result="unchanged"}`) {
		t.Error("not counted")
	}
}

// TestPodOfBeforeARolloutIsMadeAgain: while a rollout waits, a pod that dies before its turn is made from the template of
// before, with the account and the label of before. The account of the webhook may read the revision.
func TestPodOfBeforeARolloutIsMadeAgain(t *testing.T) {
	w := install(t)
	w.start(t)
	ns := w.tenant(t)
	for _, name := range []string{"before", "after"} {
		create(t, w.client, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: name}})
	}
	set := labelled(ns, 0)
	set.Spec.Template.Spec.ServiceAccountName = "before"
	create(t, w.client, set)
	old := podOf(set, 0)
	old.Labels[appsv1.ControllerRevisionHashLabelKey] = "redis-1"
	template, err := json.Marshal(map[string]any{"spec": map[string]any{"template": set.Spec.Template}})
	if err != nil {
		t.Fatal(err)
	}
	create(t, w.client, &appsv1.ControllerRevision{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "redis-1", OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(set, appsv1.SchemeGroupVersion.WithKind("StatefulSet"))}},
		Data:       runtime.RawExtension{Raw: template}, Revision: 1,
	})
	set.Spec.Template.Spec.ServiceAccountName = "after"
	if err := w.client.Update(t.Context(), set); err != nil {
		t.Fatal(err)
	}
	if err := w.client.Create(t.Context(), old.DeepCopy()); !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), "after") {
		t.Fatalf("a revision that the StatefulSet does not name is answered by %v", err)
	}
	set.Status.CurrentRevision, set.Status.UpdateRevision = "redis-1", "redis-2"
	if err := w.client.Status().Update(t.Context(), set); err != nil {
		t.Fatal(err)
	}
	create(t, w.client, old)
	if len(old.Spec.InitContainers) == 0 {
		t.Error("not injected")
	}
}

// TestOnlyTheAPIServerMayCall has a real API server present the certificate of an AdmissionConfiguration.
func TestOnlyTheAPIServerMayCall(t *testing.T) {
	w := install(t)
	authority := filepath.Join(clients, controlplane.ClientAuthority)
	w.start(t, "--client-ca="+authority, "--client-name="+controlplane.ClientName)
	ns := w.tenant(t)
	set := labelled(ns, 0)
	create(t, w.client, set)
	pod := podOf(set, 0)
	create(t, w.client, pod)
	if len(pod.Spec.InitContainers) == 0 {
		t.Error("the API server was not let in")
	}
	if response, err := (attacker{port: w.port}).post(t, podOf(set, 1), true); err == nil {
		t.Errorf("without a certificate he got %+v", response)
	}
	own, err := tls.LoadX509KeyPair(filepath.Join(clients, controlplane.ClientCertificate), filepath.Join(clients, controlplane.ClientKey))
	if err != nil {
		t.Fatal(err)
	}
	if response, err := (attacker{w.port, []tls.Certificate{own}}).post(t, podOf(set, 1), true); err != nil || !response.Allowed {
		t.Errorf("with the API server's own: %+v (%v)", response, err)
	}
}

// TestAPIServerOfAnotherNameIsKeptOut, and whoever creates a pod is told why.
func TestAPIServerOfAnotherNameIsKeptOut(t *testing.T) {
	w := install(t)
	w.start(t, "--client-ca="+filepath.Join(clients, controlplane.ClientAuthority), "--client-name=somebody-else")
	ns := w.tenant(t)
	err := w.client.Create(t.Context(), labelled(ns, 0))
	if err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("error %v, want one that names the certificate", err)
	}
	eventually(t, 5*time.Second, "the log says whose certificate it was", func() error {
		if !strings.Contains(w.log.String(), controlplane.ClientName) {
			return errors.New(w.log.String())
		}
		return nil
	})
}
