// SPDX-License-Identifier: Apache-2.0

package sentinelagent

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/act"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide/sentinel"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/observe"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// oneGroup is an API that has the objects of one group, and keeps of what kind those are that are written.
type oneGroup struct {
	lease   coordinationv1.Lease
	pod     corev1.Pod
	service corev1.Service

	mu     sync.Mutex
	writes []string
}

func (a *oneGroup) written() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.writes)
}

func (a *oneGroup) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, path, _ := strings.Cut(r.URL.Path, "/namespaces/ns/")
	kind, _, one := strings.Cut(path, "/")
	if r.Method != http.MethodGet {
		a.mu.Lock()
		a.writes = append(a.writes, kind)
		a.mu.Unlock()
	}
	w.Header().Set("Content-Type", "application/json")
	if r.URL.Query().Get("watch") != "" {
		if r.URL.Query().Get("sendInitialEvents") != "" { // it is asked for a list then
			w.WriteHeader(http.StatusUnprocessableEntity)
			_ = json.NewEncoder(w).Encode(metav1.Status{TypeMeta: typed("Status", corev1.SchemeGroupVersion), Status: metav1.StatusFailure, Reason: metav1.StatusReasonInvalid})
			return
		}
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done() // nothing changes
		return
	}
	var object any
	switch kind {
	case "leases":
		object = a.lease
		if !one {
			object = coordinationv1.LeaseList{TypeMeta: typed("LeaseList", coordinationv1.SchemeGroupVersion), Items: []coordinationv1.Lease{a.lease}}
		}
	case "pods":
		object = a.pod
		if !one {
			object = corev1.PodList{TypeMeta: typed("PodList", corev1.SchemeGroupVersion), Items: []corev1.Pod{a.pod}}
		}
	default:
		object = a.service
	}
	_ = json.NewEncoder(w).Encode(object) // who does not read it has gone
}

func typed(kind string, version schema.GroupVersion) metav1.TypeMeta {
	return metav1.TypeMeta{Kind: kind, APIVersion: version.String()}
}

// TestWritesWaitForTheirTurn: the second Sentinel's agent leaves the Service of the master and the labels to the first, and writes what is left
// when it is its turn; where nothing is left it writes nothing.
func TestWritesWaitForTheirTurn(t *testing.T) {
	const uid = "uid"
	labels := map[string]string{contract.LabelGroup: "redis", contract.LabelPodUID: uid}
	for name, c := range map[string]struct {
		role, service string
		want          []string
	}{
		"both are to be written": {"", "redis-master", []string{"services", "pods"}},
		"a label is":             {"", "", []string{"pods"}},
		"the Service is":         {contract.RoleMaster, "redis-master", []string{"services"}},
		"nothing is":             {contract.RoleMaster, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			api := &oneGroup{
				lease:   coordinationv1.Lease{TypeMeta: typed("Lease", coordinationv1.SchemeGroupVersion), ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: contract.ObjectName("redis"), ResourceVersion: "1"}},
				pod:     corev1.Pod{TypeMeta: typed("Pod", corev1.SchemeGroupVersion), ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "redis-0", UID: uid, ResourceVersion: "1", Labels: maps.Clone(labels)}},
				service: corev1.Service{TypeMeta: typed("Service", corev1.SchemeGroupVersion), ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "redis-master", Labels: map[string]string{contract.LabelGroup: "redis", contract.LabelManaged: contract.Managed}}},
			}
			if c.role != "" {
				api.pod.Labels[contract.LabelRole] = c.role
			}
			api.pod.Spec.Containers = []corev1.Container{{Name: "redis", VolumeMounts: []corev1.VolumeMount{{Name: contract.ConfigVolume}}}}
			api.pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "redis"}} // it does not run
			server := httptest.NewServer(api)
			t.Cleanup(server.Close)
			client, err := kubernetes.NewForConfig(&rest.Config{Host: server.URL})
			if err != nil {
				t.Fatal(err)
			}
			env := testEnvironment(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel() // before the server closes, which waits for the watches
			set := observe.NewSentinelSet(observe.Set{Namespace: "ns", Settings: env.Settings, PodName: env.PodName, PodIP: env.PodIP}, client, nil, nil)
			set.Start(func(run func(context.Context)) { go run(ctx) }, func(observe.GroupKey) {})
			set.WatchPods("ns")
			m := &manager{env: env, client: client, set: set, actor: act.NewSentinel(nil, client.CoreV1())}
			g := &group{key: observe.GroupKey{Namespace: "ns", StatefulSet: "redis", MasterName: "ns.redis"}}
			for end := time.Now().Add(late); set.Pod(g.key, "redis-0") == nil; time.Sleep(time.Millisecond) {
				if time.Now().After(end) {
					t.Fatal("the watch shows no pod")
				}
			}
			if seen := set.Pod(g.key, "redis-0"); len(seen.Spec.Containers)+len(seen.Status.ContainerStatuses) > 0 {
				t.Errorf("it would look around whenever a server ends or starts: %+v", seen)
			}
			d := sentinel.Decision{Leads: true, Labels: map[string]string{"redis-0": contract.RoleMaster}}
			r := model.Record{Holder: "redis-0", PodUID: uid}
			write := func(failed error) time.Duration {
				later, err := m.writeInTurn(ctx, g, &api.lease, c.service, r, d, failed)
				if !errors.Is(err, failed) {
					t.Error(err)
				}
				return later
			}
			if later := write(nil); later > inTurn || (later > 0) != (len(c.want) > 0) || len(api.written()) > 0 {
				t.Errorf("before its turn, in %s, it has written %v", later, api.written())
			}
			g.pendingSince = g.pendingSince.Add(-inTurn)
			if write(errors.New("the Sentinel does not answer")); len(api.written()) > 0 {
				t.Errorf("what came before has failed, and it has written %v", api.written())
			}
			if later := write(nil); later > 0 || !slices.Equal(api.written(), c.want) {
				t.Errorf("in its turn it has written %v, not %v", api.written(), c.want)
			}
		})
	}
}
