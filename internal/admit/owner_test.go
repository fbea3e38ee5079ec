// SPDX-License-Identifier: Apache-2.0

package admit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/mutate"
)

// cluster is the API server's word: StatefulSets and revisions by name.
type cluster struct {
	client.Reader
	sets      map[string]*appsv1.StatefulSet
	revisions map[string]*appsv1.ControllerRevision
	err       error
	asked     int
}

func (c *cluster) Get(_ context.Context, key client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	c.asked++
	if c.err != nil {
		return c.err
	}
	name := key.Namespace + "/" + key.Name
	switch into := into.(type) {
	case *appsv1.StatefulSet:
		if found, ok := c.sets[name]; ok {
			found.DeepCopyInto(into)
			return nil
		}
	case *appsv1.ControllerRevision:
		if found, ok := c.revisions[name]; ok {
			found.DeepCopyInto(into)
			return nil
		}
	}
	return apierrors.NewNotFound(schema.GroupResource{Group: "apps"}, key.Name)
}

// truth is the cluster in which the pod of podRequest is what its StatefulSet makes.
func truth(t *testing.T) (*cluster, *appsv1.StatefulSet) {
	t.Helper()
	set := decodeSet(t, quickstart(t))
	set.Namespace, set.UID = "shop", "7"
	return &cluster{sets: map[string]*appsv1.StatefulSet{"shop/redis": set}}, set
}

// forged is the review of pod 0 of a StatefulSet, changed by whoever sends it.
func forged(t *testing.T, change func(pod *corev1.Pod, r *admissionv1.AdmissionRequest)) admissionv1.AdmissionRequest {
	t.Helper()
	request := podRequest(t)
	pod, err := mutate.DecodePod(request.Object.Raw)
	if err != nil {
		t.Fatal(err)
	}
	pod.OwnerReferences[0].UID = "7"
	if change != nil {
		change(pod, &request)
	}
	if request.Object.Raw, err = json.Marshal(pod); err != nil {
		t.Fatal(err)
	}
	return request
}

// revisionOf is what the controller keeps of a template.
func revisionOf(t *testing.T, set *appsv1.StatefulSet, name string) *appsv1.ControllerRevision {
	t.Helper()
	raw, err := json.Marshal(map[string]any{"spec": map[string]any{"template": set.Spec.Template}})
	if err != nil {
		t.Fatal(err)
	}
	owner := metav1.OwnerReference{APIVersion: "apps/v1", Kind: "StatefulSet", Name: set.Name, UID: set.UID, Controller: new(true)}
	return &appsv1.ControllerRevision{
		ObjectMeta: metav1.ObjectMeta{Namespace: set.Namespace, Name: name, OwnerReferences: []metav1.OwnerReference{owner}},
		Data:       runtime.RawExtension{Raw: raw},
	}
}

// rollOut changes the template to another account without a label, while pods of the old revision are still made.
func rollOut(t *testing.T, c *cluster, set *appsv1.StatefulSet) {
	t.Helper()
	set.Spec.Template.Spec.ServiceAccountName = "before"
	c.revisions = map[string]*appsv1.ControllerRevision{"shop/redis-old": revisionOf(t, set, "redis-old")}
	set.Status.CurrentRevision, set.Status.UpdateRevision = "redis-old", "redis-new"
	delete(set.Spec.Template.Labels, contract.LabelOptIn)
	set.Labels = nil
	set.Spec.Template.Spec.ServiceAccountName = "after"
}

func ofOldRevision(pod *corev1.Pod, _ *admissionv1.AdmissionRequest) {
	pod.Spec.ServiceAccountName = "before"
	pod.Labels[appsv1.ControllerRevisionHashLabelKey] = "redis-old"
}

// TestReviewsAreBelievedAsFarAsTheStatefulSetGoes is A2 from the attacker's side: he sends what he likes to the port, and
// knows the API's words, but not more of the cluster than he may see.
func TestReviewsAreBelievedAsFarAsTheStatefulSetGoes(t *testing.T) {
	for name, tc := range map[string]struct {
		world  func(c *cluster, set *appsv1.StatefulSet)
		change func(pod *corev1.Pod, r *admissionv1.AdmissionRequest)
		// namespace are the labels of the Namespace.
		namespace map[string]string
		reason    mutate.Reason
		// remedy is a part of the message.
		remedy string
		// account is the one that is bound, where anything is made.
		account string
	}{
		"what the controller sends": {reason: mutate.Injected, account: "redis-sentinel-redis"},
		"an owner that does not exist": {change: func(p *corev1.Pod, r *admissionv1.AdmissionRequest) {
			p.OwnerReferences[0].Name = "made-up"
			p.Name, r.Name = "made-up-0", "made-up-0"
		}, reason: DeniedOwner, remedy: "does not exist"},
		"deleted in between":         {world: func(c *cluster, _ *appsv1.StatefulSet) { c.sets = nil }, reason: DeniedOwner, remedy: "shop/redis"},
		"a uid that was guessed":     {change: func(p *corev1.Pod, _ *admissionv1.AdmissionRequest) { p.OwnerReferences[0].UID = "8" }, reason: DeniedOwner, remedy: "not the one"},
		"the set was made again":     {world: func(_ *cluster, s *appsv1.StatefulSet) { s.UID = "9" }, reason: DeniedOwner, remedy: "not the one"},
		"no uid at all":              {change: func(p *corev1.Pod, _ *admissionv1.AdmissionRequest) { p.OwnerReferences[0].UID = "" }, reason: DeniedOwner, remedy: "not the one"},
		"orphaned or being deleted":  {world: func(_ *cluster, s *appsv1.StatefulSet) { s.DeletionTimestamp = new(metav1.Now()) }, reason: DeniedOwner, remedy: "being deleted"},
		"a set that nobody opted in": {world: func(_ *cluster, s *appsv1.StatefulSet) { s.Labels, s.Spec.Template.Labels = nil, nil }, reason: DeniedOwner, remedy: contract.LabelOptIn},
		"a set that is opted out": {world: func(_ *cluster, s *appsv1.StatefulSet) {
			s.Spec.Template.Labels[contract.LabelOptIn] = contract.OptInDisabled
		}, namespace: map[string]string{contract.LabelOptIn: contract.OptInEnabled}, reason: DeniedOwner, remedy: contract.LabelOptIn},
		"another account than the template's": {change: func(p *corev1.Pod, _ *admissionv1.AdmissionRequest) { p.Spec.ServiceAccountName = "mallory" }, reason: DeniedOwner, remedy: "mallory"},
		"another account in the old field": {change: func(p *corev1.Pod, _ *admissionv1.AdmissionRequest) {
			p.Spec.DeprecatedServiceAccount = "mallory"
		}, reason: DeniedOwner, remedy: "mallory"},
		"the group's account, of an injected pod": {change: func(p *corev1.Pod, _ *admissionv1.AdmissionRequest) {
			p.Spec.ServiceAccountName = "redis-sentinel-redis"
		}, reason: mutate.Injected, account: "redis-sentinel-redis"},
		"the group's account where the template names one": {world: func(_ *cluster, s *appsv1.StatefulSet) { s.Spec.Template.Spec.ServiceAccountName = "own" }, change: func(p *corev1.Pod, _ *admissionv1.AdmissionRequest) {
			p.Spec.ServiceAccountName = "redis-sentinel-redis"
		}, reason: DeniedOwner, remedy: "own"},
		"an account of the user's": {world: func(_ *cluster, s *appsv1.StatefulSet) { s.Spec.Template.Spec.ServiceAccountName = "own" }, change: func(p *corev1.Pod, _ *admissionv1.AdmissionRequest) {
			p.Spec.ServiceAccountName = "own"
		}, reason: mutate.Injected, account: "own"},
		"a pod of another group": {change: func(p *corev1.Pod, r *admissionv1.AdmissionRequest) { p.Name, r.Name = "other-0", "other-0" }, reason: DeniedOwner, remedy: "redis-0"},
		"a pod of a longer name": {change: func(p *corev1.Pod, r *admissionv1.AdmissionRequest) { p.Name, r.Name = "redis-a-0", "redis-a-0" }, reason: DeniedOwner, remedy: "redis-0"},
		"two names":              {change: func(p *corev1.Pod, _ *admissionv1.AdmissionRequest) { p.Name = "other-0" }, reason: DeniedOwner, remedy: "redis-0"},
		"a name that is still to be made": {change: func(p *corev1.Pod, r *admissionv1.AdmissionRequest) {
			p.Name, r.Name, p.GenerateName = "", "", "redis-0-"
		}, reason: DeniedOwner, remedy: "redis-0"},
		"another namespace's set":         {change: func(_ *corev1.Pod, r *admissionv1.AdmissionRequest) { r.Namespace = "elsewhere" }, reason: DeniedOwner, remedy: "elsewhere/redis"},
		"a made-up opt-in of a namespace": {namespace: map[string]string{contract.LabelOptIn: contract.OptInEnabled}, world: func(c *cluster, _ *appsv1.StatefulSet) { c.sets = nil }, change: func(p *corev1.Pod, _ *admissionv1.AdmissionRequest) { delete(p.Labels, contract.LabelOptIn) }, reason: DeniedOwner, remedy: "does not exist"},
		"a namespace that opts in":        {namespace: map[string]string{contract.LabelOptIn: contract.OptInEnabled}, world: func(_ *cluster, s *appsv1.StatefulSet) { s.Labels, s.Spec.Template.Labels = nil, nil }, change: func(p *corev1.Pod, _ *admissionv1.AdmissionRequest) { delete(p.Labels, contract.LabelOptIn) }, reason: mutate.Injected, account: "redis-sentinel-redis"},
		"a set that its namespace does not reach": {namespace: map[string]string{contract.LabelOptIn: contract.OptInEnabled}, world: func(_ *cluster, s *appsv1.StatefulSet) {
			s.Labels = map[string]string{contract.LabelOptIn: contract.OptInDisabled}
			s.Spec.Template.Labels = nil
		}, change: func(p *corev1.Pod, _ *admissionv1.AdmissionRequest) { delete(p.Labels, contract.LabelOptIn) }, reason: mutate.NotOptedIn},
		"an API server that does not answer": {world: func(c *cluster, _ *appsv1.StatefulSet) { c.err = errors.New("timeout") }, reason: LookupFailed, remedy: "timeout"},
		"an excluded namespace":              {change: func(_ *corev1.Pod, r *admissionv1.AdmissionRequest) { r.Namespace = "kube-system" }, reason: ExcludedNamespace},
		"a pod of before a rollout":          {world: func(c *cluster, s *appsv1.StatefulSet) { rollOut(t, c, s) }, change: ofOldRevision, reason: mutate.Injected, account: "before"},
		"a revision that is no longer used":  {world: func(c *cluster, s *appsv1.StatefulSet) { rollOut(t, c, s); s.Status.CurrentRevision = "redis-new" }, change: ofOldRevision, reason: DeniedOwner, remedy: "opted in"},
		"a revision of another set": {world: func(c *cluster, s *appsv1.StatefulSet) {
			rollOut(t, c, s)
			c.revisions["shop/redis-old"].OwnerReferences[0].UID = "8"
		}, change: ofOldRevision, reason: DeniedOwner, remedy: "opted in"},
	} {
		t.Run(name, func(t *testing.T) {
			c, set := truth(t)
			if tc.world != nil {
				tc.world(c, set)
			}
			for _, dryRun := range []bool{false, true} {
				made := ""
				p := &stub{ensure: func(g mutate.Group) error { made = g.Account; return nil }}
				s := newServer(t, p, func(context.Context, string) (map[string]string, error) { return maps.Clone(tc.namespace), nil })
				s.Reviewer.Live, s.Reviewer.Excluded = c, map[string]bool{"kube-system": true}
				s.mux = muxOf(s.Server)
				request := forged(t, tc.change)
				request.DryRun = &dryRun
				response := s.send(t, contract.PathMutatePods, request)
				token := mutate.HookToken(s.Reviewer.HookKey, request.Namespace, request.Name)
				if dryRun {
					if made != "" || bytes.Contains(response.Patch, []byte(token)) {
						t.Errorf("on dry-run %q was bound, or a token was handed out", made)
					}
					continue
				}
				reason := response.AuditAnnotations[auditReason]
				if reason != tc.reason.String() || !strings.Contains(response.Result.Message, tc.remedy) || made != tc.account {
					t.Errorf("reason %s, message %q, bound account %q; want %s, %q, %q", reason, response.Result.Message, made, tc.reason, tc.remedy, tc.account)
				}
				if got := bytes.Contains(response.Patch, []byte(token)); got != (tc.account != "") {
					t.Errorf("the answer has the token: %v", got)
				}
				if strings.Contains(response.Result.Message, `"`+string(set.UID)+`"`) {
					t.Errorf("the message tells the uid: %s", response.Result.Message)
				}
			}
		})
	}
}

// TestGroupIsTheOneThatLives: what is made in the namespace is what the StatefulSet says, whatever the review says.
func TestGroupIsTheOneThatLives(t *testing.T) {
	c, set := truth(t)
	set.Spec.Template.Annotations = map[string]string{contract.AnnotationMasterService: "real"}
	var made mutate.Group
	s := newServer(t, &stub{ensure: func(g mutate.Group) error { made = g; return nil }}, noLabels)
	s.Reviewer.Live = c
	s.mux = muxOf(s.Server)
	response := s.send(t, contract.PathMutatePods, forged(t, func(pod *corev1.Pod, _ *admissionv1.AdmissionRequest) {
		pod.Annotations = map[string]string{contract.AnnotationMasterService: "forged", contract.AnnotationQuorum: "1", contract.AnnotationDownAfter: "3s"}
		pod.Spec.Containers[0].Args = append(pod.Spec.Containers[0].Args, "--port", "1")
	}))
	want, _, err := s.Reviewer.GroupOf(t.Context(), set)
	if err != nil || !response.Allowed {
		t.Fatalf("answer %+v, error %v", response, err)
	}
	if made != *want || made.MasterService != "real" || made.Settings.Quorum == 1 || made.Settings.DownAfterMs == 3000 || made.Port == 1 {
		t.Errorf("made %+v, want %+v", made, *want)
	}
}

// TestPodOfNobodyCostsNoLook: only what would be injected is asked for.
func TestPodOfNobodyCostsNoLook(t *testing.T) {
	c, _ := truth(t)
	s := newServer(t, &stub{}, noLabels)
	s.Reviewer.Live = c
	s.mux = muxOf(s.Server)
	s.send(t, contract.PathMutatePods, forged(t, func(pod *corev1.Pod, _ *admissionv1.AdmissionRequest) { pod.Labels = nil }))
	if c.asked > 0 {
		t.Errorf("%d questions", c.asked)
	}
	s.send(t, contract.PathMutatePods, forged(t, nil))
	if c.asked != 1 {
		t.Errorf("%d questions for a pod, want 1", c.asked)
	}
}

// TestDryRunOfAMadeUpStatefulSet is what `webhook dry-run` and `helm test` send.
func TestDryRunOfAMadeUpStatefulSet(t *testing.T) {
	s := newServer(t, &stub{noAccount: true}, noLabels)
	s.Reviewer.Live = &cluster{}
	s.mux = muxOf(s.Server)
	request := forged(t, nil)
	request.DryRun = new(true)
	response := s.send(t, contract.PathMutatePods, request)
	if !response.Allowed || !bytes.Contains(response.Patch, []byte(contract.AgentContainer)) || !strings.Contains(strings.Join(response.Warnings, " "), "does not exist") {
		t.Errorf("answer %+v", response)
	}
}

// TestExcludedNamespace: neither pods nor StatefulSets are touched, and the reconciler finds no group.
func TestExcludedNamespace(t *testing.T) {
	c, set := truth(t)
	s := newServer(t, &stub{}, noLabels)
	s.Reviewer.Live, s.Reviewer.Excluded = c, map[string]bool{"shop": true}
	s.mux = muxOf(s.Server)
	for path, request := range map[string]admissionv1.AdmissionRequest{
		contract.PathMutatePods:         forged(t, nil),
		contract.PathMutateStatefulSets: {Namespace: "shop", Name: "redis", Operation: admissionv1.Create, Object: runtime.RawExtension{Raw: quickstart(t)}},
	} {
		response := s.send(t, path, request)
		if !response.Allowed || len(response.Patch) > 0 || response.AuditAnnotations[auditReason] != ExcludedNamespace.String() {
			t.Errorf("%s: %+v", path, response)
		}
	}
	if group, refused, err := s.Reviewer.GroupOf(t.Context(), set); group != nil || refused != "" || err != nil {
		t.Errorf("group %v, refused %q, error %v", group, refused, err)
	}
}
