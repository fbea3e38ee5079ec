// SPDX-License-Identifier: Apache-2.0

package admit

import (
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/mutate"
)

func amounts(pairs ...string) corev1.ResourceList {
	list := corev1.ResourceList{}
	for i := 0; i < len(pairs); i += 2 {
		list[corev1.ResourceName(pairs[i])] = resource.MustParse(pairs[i+1])
	}
	return list
}

// usual is what the agent asks for where nobody says otherwise.
var usual = corev1.ResourceRequirements{Requests: amounts("cpu", "20m", "memory", "32Mi"), Limits: amounts("memory", "64Mi")}

func TestLimitsThatTheAgentDoesNotKeep(t *testing.T) {
	container := func(i corev1.LimitRangeItem) []corev1.LimitRange {
		i.Type = corev1.LimitTypeContainer
		return []corev1.LimitRange{{ObjectMeta: metav1.ObjectMeta{Name: "limits"}, Spec: corev1.LimitRangeSpec{Limits: []corev1.LimitRangeItem{i}}}}
	}
	quota := func(pairs ...string) []corev1.ResourceQuota {
		return []corev1.ResourceQuota{{ObjectMeta: metav1.ObjectMeta{Name: "quota"}, Spec: corev1.ResourceQuotaSpec{Hard: amounts(pairs...)}}}
	}
	for name, c := range map[string]struct {
		limits []corev1.LimitRange
		quotas []corev1.ResourceQuota
		want   string
	}{
		"nothing":                         {nil, nil, ""},
		"wide limits":                     {container(corev1.LimitRangeItem{Min: amounts("cpu", "10m", "memory", "8Mi"), Max: amounts("memory", "1Gi")}), nil, ""},
		"a least that is more":            {container(corev1.LimitRangeItem{Min: amounts("cpu", "50m")}), nil, "at least 50m of cpu"},
		"a most that is less":             {container(corev1.LimitRangeItem{Max: amounts("memory", "32Mi")}), nil, "at most 32Mi of memory"},
		"a ratio":                         {container(corev1.LimitRangeItem{MaxLimitRequestRatio: amounts("memory", "1")}), nil, "may be 1 times the request"},
		"of whole pods":                   {[]corev1.LimitRange{{Spec: corev1.LimitRangeSpec{Limits: []corev1.LimitRangeItem{{Type: corev1.LimitTypePod, Min: amounts("cpu", "1")}}}}}, nil, ""},
		"a quota of what it does not say": {nil, quota("limits.cpu", "4"), "counts limits.cpu, and the agent has no limit of cpu"},
		"a quota of what it says":         {nil, quota("limits.memory", "4Gi", "requests.cpu", "1"), ""},
		"a quota, and a default":          {container(corev1.LimitRangeItem{Default: amounts("cpu", "1")}), quota("limits.cpu", "4"), ""},
	} {
		got := strings.Join(limitFaults(usual, c.limits, c.quotas), "; ")
		if (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestSurroundingsOfANewGroup(t *testing.T) {
	pods := map[string]string{"app": "redis"}
	service := func(name string, selector map[string]string) *corev1.Service {
		return &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name}, Spec: corev1.ServiceSpec{ClusterIP: "10.0.0.1", Selector: selector}}
	}
	headless := service("headless", pods)
	headless.Spec.ClusterIP = corev1.ClusterIPNone
	two := int32(2)
	for name, c := range map[string]struct {
		objects []client.Object
		quorum  int
		wants   []string
	}{
		"no Sentinels":         {nil, 0, []string{"StatefulSet watch/sentinels, the Sentinels of this group, does not exist yet"}},
		"too few Sentinels":    {[]client.Object{&appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Namespace: "watch", Name: "sentinels"}, Spec: appsv1.StatefulSetSpec{Replicas: &two}}}, 3, []string{"a quorum of 3 cannot be reached by the 2 Sentinels"}},
		"enough of everything": {[]client.Object{&appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Namespace: "watch", Name: "sentinels"}, Spec: appsv1.StatefulSetSpec{Replicas: &two}}, headless, service("ours", map[string]string{contract.LabelGroup: "redis", "app": "redis"}), service("another", map[string]string{"app": "web"}), service("none", nil)}, 2, nil},
		"a Service for all": {[]client.Object{&appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Namespace: "watch", Name: "sentinels"}}, service("redis", pods), service("redis-master", map[string]string{"app": "x"}), &corev1.LimitRange{
			ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "limits"}, Spec: corev1.LimitRangeSpec{Limits: []corev1.LimitRangeItem{{Type: corev1.LimitTypeContainer, Min: amounts("cpu", "1")}}},
		}}, 0, []string{"Service shop/redis selects every pod of this group", "send writers to Service redis-master, and readers to redis-replicas", "Service shop/redis-master exists, and is not this group's own", "LimitRange limits: at least 1 of cpu"}},
		"a Service for pod 0": {[]client.Object{&appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Namespace: "watch", Name: "sentinels"}}, service("writers", map[string]string{appsv1.StatefulSetPodNameLabel: "redis-0"}), service("another", map[string]string{appsv1.StatefulSetPodNameLabel: "redis-1"})}, 0, []string{"Service shop/writers selects pod redis-0, which is not always the master"}},
	} {
		r := Reviewer{Live: fake.NewClientBuilder().WithScheme(clientgoscheme.Scheme).WithObjects(c.objects...).Build()}
		said := strings.Join(r.surroundings(t.Context(), "shop", &mutate.Newcomer{
			StatefulSet: "redis", Sentinels: contract.SentinelSet{Namespace: "watch", Name: "sentinels"}, Quorum: c.quorum, PodLabels: pods, MasterService: "redis-master", ReplicasService: "redis-replicas", Agent: usual,
		}), "\n")
		if (len(c.wants) == 0) != (said == "") {
			t.Errorf("%s: %q", name, said)
		}
		for _, want := range c.wants {
			if !strings.Contains(said, want) {
				t.Errorf("%s: no %q in %q", name, want, said)
			}
		}
	}
}
