// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/mutate"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/policy"
)

// TestSentinelsAreWhatTheWebhookMakes takes the agent out of the rendered Sentinel pod, lets the webhook's own code inject
// what is left, and expects the rendered pod again.
func TestSentinelsAreWhatTheWebhookMakes(t *testing.T) {
	for name, arguments := range map[string][]string{
		"defaults": nil,
		"other names, namespaces and agent": {
			"--set", "sentinels.name=watchers,sentinels.replicas=5,sentinels.namespaces={a,b}",
			"--set", "image.repository=mirror/webhook,image.tag=v2,image.pullPolicy=Always",
			"--set", "imagePullSecrets={own},policy.defaults.agent.imagePullSecrets={own,agents}",
			"--set", "policy.defaults.agent.resources.requests.cpu=30m,policy.defaults.agent.resources.limits.memory=80Mi",
			"--set", "sentinels.podLabels.team=a,sentinels.podAnnotations.note=b",
		},
		"an agent of its own": {"--set", "policy.defaults.agent.image=mirror/agent:v3,policy.defaults.agent.imagePullPolicy=Never"},
	} {
		t.Run(name, func(t *testing.T) {
			objects := render(t, arguments...)
			set := sentinelSet(t, objects)
			want := podOf(set)
			plain := withoutAgent(want)
			got := inject(t, plain, set, policyOf(t, objects))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("the chart's Sentinel pod is not what the webhook makes of the plain one (-chart +webhook):\n%s", diff)
			}
		})
	}
}

func sentinelSet(t *testing.T, objects rendered) appsv1.StatefulSet {
	t.Helper()
	for _, object := range objects {
		if object.GetKind() == "StatefulSet" {
			return find[appsv1.StatefulSet](t, objects, "StatefulSet", object.GetName())
		}
	}
	t.Fatal("no StatefulSet is rendered")
	return appsv1.StatefulSet{}
}

func policyOf(t *testing.T, objects rendered) *policy.Policy {
	t.Helper()
	text := find[corev1.ConfigMap](t, objects, "ConfigMap", release+"-policy").Data["policy.yaml"]
	parsed, err := policy.Parse([]byte(text))
	if err != nil {
		t.Fatalf("the rendered policy is refused: %v\n%s", err, text)
	}
	return parsed
}

// podOf is pod 0 as the StatefulSet controller makes it.
func podOf(set appsv1.StatefulSet) corev1.Pod {
	template := set.Spec.Template.DeepCopy()
	pod := corev1.Pod{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{Name: set.Name + "-0", Namespace: set.Namespace, Labels: template.Labels, Annotations: template.Annotations},
		Spec:       template.Spec,
	}
	pod.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "StatefulSet", Name: set.Name, UID: "uid", Controller: new(true)}}
	pod.Spec.Subdomain = set.Spec.ServiceName
	return pod
}

// withoutAgent is the pod as somebody would write it who never heard of us, opted in.
func withoutAgent(pod corev1.Pod) corev1.Pod {
	plain := *pod.DeepCopy()
	delete(plain.Annotations, contract.AnnotationStatus)
	delete(plain.Annotations, "cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes")
	delete(plain.Labels, contract.LabelGroup)
	delete(plain.Labels, contract.LabelSentinelSet)
	plain.Labels[contract.LabelOptIn] = contract.OptInEnabled
	plain.Spec.InitContainers = nil
	plain.Spec.Volumes = nil
	plain.Spec.ServiceAccountName = ""
	plain.Spec.AutomountServiceAccountToken = nil
	plain.Spec.ImagePullSecrets = slices.DeleteFunc(plain.Spec.ImagePullSecrets, func(s corev1.LocalObjectReference) bool { return s.Name == "agents" })
	sentinel := &plain.Spec.Containers[0]
	sentinel.Args = []string{"redis-sentinel"}
	sentinel.VolumeMounts = nil
	sentinel.LivenessProbe, sentinel.ReadinessProbe = nil, nil
	return plain
}

func inject(t *testing.T, pod corev1.Pod, set appsv1.StatefulSet, p *policy.Policy) corev1.Pod {
	t.Helper()
	raw, err := json.Marshal(pod)
	if err != nil {
		t.Fatal(err)
	}
	resolved, resolveErr := p.Resolve(policy.Object{Namespace: set.Namespace, PodLabels: pod.Labels, PodAnnotations: pod.Annotations})
	result := mutate.Pod(raw, mutate.Input{
		Namespace: set.Namespace, Name: pod.Name, AccountReady: true,
		Resolved: resolved, ResolveErr: resolveErr, Version: set.Labels["app.kubernetes.io/version"],
	})
	if result.Denied != "" {
		t.Fatal("the plain form is refused: ", result.Denied)
	}
	patch, err := jsonpatch.DecodePatch(result.Patch)
	if err != nil {
		t.Fatal(err)
	}
	injected, err := patch.Apply(raw)
	if err != nil {
		t.Fatal(err)
	}
	var out corev1.Pod
	if err := json.Unmarshal(injected, &out); err != nil {
		t.Fatal(err)
	}
	delete(out.Labels, contract.LabelOptIn)
	return out
}

// TestSentinelsStartWithoutTheWebhook holds what that takes: no opt-in label, in a namespace that is never sent.
func TestSentinelsStartWithoutTheWebhook(t *testing.T) {
	objects := render(t)
	set := sentinelSet(t, objects)
	for _, labels := range []map[string]string{set.Labels, set.Spec.Template.Labels} {
		if _, ok := labels[contract.LabelOptIn]; ok {
			t.Errorf("the Sentinel set carries the label %s", contract.LabelOptIn)
		}
	}
	if got, want := set.Spec.Template.Spec.ServiceAccountName, contract.ObjectName(set.Name); got != want {
		t.Errorf("service account = %q, want %q", got, want)
	}
	secret := find[corev1.Secret](t, objects, "Secret", contract.PeerSecretName(set.Name))
	if len(secret.Data)+len(secret.StringData) > 0 {
		t.Error("the peers' Secret is rendered with data, which every upgrade would write over what the agents agreed on")
	}
	headless := find[corev1.Service](t, objects, "Service", set.Spec.ServiceName)
	if headless.Spec.ClusterIP != corev1.ClusterIPNone || !headless.Spec.PublishNotReadyAddresses {
		t.Error("the Service of the set gives no name to Sentinels that are not Ready")
	}
	if limit := set.Spec.Template.Spec.Containers[0].Resources.Limits.Cpu(); !limit.IsZero() {
		t.Errorf("Sentinel has a CPU limit of %s: throttled, it takes healthy masters for dead", limit)
	}
}

// TestNothingIsRenderedAtRandom renders twice.
func TestNothingIsRenderedAtRandom(t *testing.T) {
	first, err := helm(t)
	if err != nil {
		t.Fatal(err)
	}
	second, err := helm(t)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(first), string(second)); diff != "" {
		t.Errorf("two renderings differ (-first +second):\n%s", diff)
	}
	if strings.Contains(string(first), "caBundle:") {
		t.Error("caBundle is rendered: an upgrade would take away what the webhook wrote")
	}
}
