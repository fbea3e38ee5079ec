// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	"slices"
	"strings"
	"testing"

	jsonpatch "github.com/evanphx/json-patch/v5"
	corev1 "k8s.io/api/core/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// The API server asks again when another webhook changed the pod after us; and people copy live pods into templates.

func casePod(t testing.TB, name string) fixture {
	t.Helper()
	for _, c := range fixtures(t, "pods", "pod.yaml") {
		if strings.HasSuffix(c.dir, "/"+name) {
			return c
		}
	}
	t.Fatalf("no case %s", name)
	return fixture{}
}

// between injects, applies what another webhook would do, and looks again.
func between(t *testing.T, c fixture, other string) (Result, corev1.Pod) {
	t.Helper()
	once := apply(t, c.raw, c.pod(t, c.raw))
	patch, err := jsonpatch.DecodePatch([]byte(other))
	if err != nil {
		t.Fatal(err)
	}
	changed, err := patch.Apply(once)
	if err != nil {
		t.Fatal(err)
	}
	r := c.pod(t, changed)
	if r.Denied != "" {
		t.Fatal(r.Denied)
	}
	after := apply(t, changed, r)
	if again := c.pod(t, after); len(again.Patch) > 0 {
		t.Errorf("the third look changes something: %v", again.Patch)
	}
	var pod corev1.Pod
	if err := decode(after, &pod); err != nil {
		t.Fatal(err)
	}
	return r, pod
}

func TestAMeshThatComesLaterIsPutBeforeTheAgent(t *testing.T) {
	_, pod := between(t, casePod(t, "quickstart"), `[
		{"op":"add","path":"/spec/initContainers/-","value":{"name":"istio-init","image":"i"}},
		{"op":"add","path":"/spec/initContainers/-","value":{"name":"istio-proxy","image":"i","restartPolicy":"Always"}},
		{"op":"add","path":"/spec/initContainers/-","value":{"name":"last","image":"i"}}]`)
	var names []string
	for _, c := range pod.Spec.InitContainers {
		names = append(names, c.Name)
	}
	if want := []string{"istio-init", "istio-proxy", contract.AgentContainer, "last"}; !slices.Equal(names, want) {
		t.Errorf("got %q, want %q", names, want)
	}
}

func TestWhatAnotherWebhookTookAwayComesBack(t *testing.T) {
	r, pod := between(t, casePod(t, "quickstart"), `[
		{"op":"remove","path":"/spec/containers/0/volumeMounts/1"},
		{"op":"remove","path":"/spec/volumes/2"},
		{"op":"remove","path":"/metadata/labels/redis-sentinel.dev~1group"},
		{"op":"replace","path":"/spec/initContainers/0/image","value":"other"}]`)
	c := pod.Spec.Containers[0]
	if r.Reason != Repaired || len(c.VolumeMounts) != 2 || !c.VolumeMounts[1].ReadOnly || len(pod.Spec.Volumes) != 5 ||
		pod.Labels[contract.LabelGroup] != "redis" || pod.Spec.InitContainers[0].Image != "redis-sentinel-webhook:dev" {
		t.Errorf("%s: %+v", r.Reason, pod)
	}
}

func TestWhatOthersAddToTheAgentStays(t *testing.T) {
	r, _ := between(t, casePod(t, "quickstart"), `[
		{"op":"add","path":"/spec/initContainers/0/env/-","value":{"name":"TRACE","value":"1"}},
		{"op":"add","path":"/spec/initContainers/0/resources/limits/cpu","value":"1"},
		{"op":"add","path":"/spec/containers/-","value":{"name":"istio-proxy","image":"i"}}]`)
	if r.Reason != AlreadyInjected {
		t.Errorf("%s %v", r.Reason, r.Patch)
	}
}

// A mesh sends probes through its own proxy. Sending them past it again would leave the pod unready for ever.
func TestAProbeThatAMeshRewroteStays(t *testing.T) {
	r, _ := between(t, casePod(t, "rich"), `[
		{"op":"replace","path":"/spec/containers/0/readinessProbe/httpGet","value":{"path":"/app-health/redis/readyz","port":15020}}]`)
	if r.Reason != AlreadyInjected {
		t.Errorf("%s %v", r.Reason, r.Patch)
	}
}

func TestNewArgumentsOfAnotherWebhookArePutBehindOurFile(t *testing.T) {
	_, pod := between(t, casePod(t, "quickstart"), `[
		{"op":"replace","path":"/spec/containers/0/args","value":["redis-server","/etc/redis.conf","--hz","20"]}]`)
	if got := pod.Spec.Containers[0].Args; !slices.Equal(got, []string{"redis-server", contract.RedisConfFile, "--hz", "20"}) {
		t.Errorf("got %q", got)
	}
	if settings := pod.Spec.InitContainers[0].Env[5].Value; !strings.Contains(settings, `"include":"/etc/redis.conf"`) {
		t.Errorf("got %s", settings)
	}
}

// The file that the user named must not be lost where our own stands in the arguments.
func TestTheUsersFileIsRememberedAtTheSecondLook(t *testing.T) {
	_, pod := between(t, casePod(t, "rich"), `[{"op":"remove","path":"/spec/initContainers/0"}]`)
	if settings := pod.Spec.InitContainers[0].Env[5].Value; !strings.Contains(settings, `"include":"/etc/redis/redis.conf"`) {
		t.Errorf("got %s", settings)
	}
}

func TestALivePodThatWasCopiedIntoATemplateBecomesAnotherPod(t *testing.T) {
	r, pod := between(t, casePod(t, "quickstart"), `[
		{"op":"replace","path":"/metadata/name","value":"cache-2"},
		{"op":"replace","path":"/metadata/ownerReferences/0/name","value":"cache"},
		{"op":"replace","path":"/spec/volumes/0/persistentVolumeClaim/claimName","value":"data-cache-2"}]`)
	want := HookToken(testKey, "shop", "cache-2")
	env := pod.Spec.InitContainers[0].Env
	if r.Group.StatefulSet != "cache" || pod.Labels[contract.LabelGroup] != "cache" || env[len(env)-1].Value != want ||
		pod.Spec.Containers[0].Lifecycle.PreStop.HTTPGet.HTTPHeaders[0].Value != want || !strings.Contains(env[5].Value, `"statefulSet":"cache"`) {
		t.Errorf("%+v", pod)
	}
}

func TestEachPodHasAHookTokenOfItsOwn(t *testing.T) {
	seen := map[string]bool{}
	for _, name := range []string{"a-0", "a-1", "b-0"} {
		for _, namespace := range []string{"x", "y"} {
			token := HookToken(testKey, namespace, name)
			if seen[token] || token != HookToken(testKey, namespace, name) || len(token) != 64 {
				t.Errorf("%s/%s: %s", namespace, name, token)
			}
			seen[token] = true
		}
	}
	if HookToken(nil, "x", "a-0") != "" {
		t.Error("a token without a key")
	}
}

func TestGarbageIsRefused(t *testing.T) {
	for _, raw := range []string{"", "{", "[]", `{"metadata":{"labels":"x"}}`, `"pod"`} {
		if r := Pod([]byte(raw), Input{Namespace: "a"}); r.Reason != DeniedMalformed || r.Denied == "" {
			t.Errorf("%q: %+v", raw, r)
		}
		if set, err := DecodeStatefulSet([]byte(raw)); err == nil {
			t.Errorf("%q: %+v", raw, set)
		}
	}
}

// Without an account, the pod's name of a review counts.
func TestTheNameOfTheRequestCountsWhereThePodHasNone(t *testing.T) {
	c := casePod(t, "bare-minimum")
	raw := []byte(strings.Replace(string(c.raw), `"name":"redis-0",`, "", 1))
	in := Input{Namespace: "shop", Name: "redis-7", AccountReady: true, HookKey: testKey}
	in.Resolved.Agent.Image = "i"
	r := Pod(raw, in)
	if r.Denied != "" || !strings.Contains(string(r.Patch), HookToken(testKey, "shop", "redis-7")) {
		t.Errorf("%s %s", r.Denied, r.Patch)
	}
}

// A dry-run is answered to people who get no pod, and may name a pod that lives.
func TestDryRunGetsAHookTokenThatOpensNothing(t *testing.T) {
	in := Input{Namespace: "shop", Name: "redis-0", DryRun: true, AccountReady: true, HookKey: testKey}
	in.Resolved.Agent.Image = "i"
	r := Pod(casePod(t, "bare-minimum").raw, in)
	if r.Denied != "" || !strings.Contains(string(r.Patch), contract.HookHeader) || strings.Contains(string(r.Patch), HookToken(testKey, "shop", "redis-0")) {
		t.Errorf("%s %s", r.Denied, r.Patch)
	}
}
