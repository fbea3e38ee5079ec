// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"errors"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/redisio"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/redisio/redistest"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// TestForeignServersAreConfirmedByTheAPI: Sentinels have elected a pod that the watch does not show yet. It answers at an address that
// no known pod has, and yet it is no foreign server; where the API cannot say, nobody is called foreign.
func TestForeignServersAreConfirmedByTheAPI(t *testing.T) {
	server := redistest.Start(t, "127.0.0.1", func(string) string { return redistest.Bulk("run_id:1\nrole:master\nmaster_replid:a\n") })
	view := model.SentinelView{Own: model.OwnSentinel{Sentinel: model.Sentinel{Answered: true, Monitors: true, Address: server.Address}}}
	key := GroupKey{Namespace: "ns", StatefulSet: "redis"}
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "redis-2", Labels: map[string]string{contract.LabelGroup: "redis"}},
		Status:     corev1.PodStatus{PodIPs: []corev1.PodIP{{IP: server.Address.Host}}},
	}
	for name, c := range map[string]struct {
		api     *fake.Clientset
		lineage []string
		foreign int
	}{
		"no pod has that address":             {fake.NewClientset(), nil, 1},
		"it has another group's history":      {fake.NewClientset(), []string{"b"}, 1},
		"it has this group's history":         {fake.NewClientset(), []string{"b", "a"}, 0},
		"a pod has it that the watch lacks":   {fake.NewClientset(pod), nil, 0},
		"nobody can say, for the API is away": {failingAPI(errors.New("away")), nil, 0},
	} {
		set := &SentinelSet{client: c.api, clients: redisio.NewClients()}
		view.Record.Lineage = c.lineage
		if got := set.foreignServers(t.Context(), key, view, model.Credential{}); len(got) != c.foreign {
			t.Errorf("%s: %v are foreign, want %d", name, got, c.foreign)
		}
		set.Sweep(0)
	}
}
