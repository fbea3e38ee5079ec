// SPDX-License-Identifier: Apache-2.0

package apiserver

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/mutate"
)

// TestSettingsReplaceNoPod: each live annotation is set, changed and removed on a StatefulSet whose pods run. The template stays as it
// is, to the letter and by its generation, and what stands for the group has the new value, up to what the annotation's absence means.
func TestSettingsReplaceNoPod(t *testing.T) {
	w := install(t)
	w.start(t)
	ns := w.tenant(t)
	set := labelled(ns, 0)
	create(t, w.client, set)
	create(t, w.client, podOf(set, 0))
	settings := func() contract.GroupSettings {
		s, err := contract.DecodeGroupSettings(get(t, w.client, ns, "redis-sentinel-redis", &coordinationv1.Lease{}).Annotations[contract.RecordSettings])
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	cases := map[string]struct {
		value string
		holds func(s contract.GroupSettings) bool
	}{
		contract.AnnotationQuorum:          {"3", func(s contract.GroupSettings) bool { return s.Quorum == 3 }},
		contract.AnnotationDownAfter:       {"7s", func(s contract.GroupSettings) bool { return s.DownAfterMs == 7000 }},
		contract.AnnotationFailoverTimeout: {"33s", func(s contract.GroupSettings) bool { return s.FailoverTimeoutMs == 33000 }},
		contract.AnnotationParallelSyncs:   {"2", func(s contract.GroupSettings) bool { return s.ParallelSyncs == 2 }},
		contract.AnnotationSentinels:       {"watch", func(s contract.GroupSettings) bool { return s.Sentinels.Namespace == ns && s.Sentinels.Name == "watch" }},
		contract.AnnotationMasterService:   {"leader", func(contract.GroupSettings) bool { return serviceThere(t, w.client, ns, "leader") }},
		contract.AnnotationReplicasService: {"followers", func(contract.GroupSettings) bool { return serviceThere(t, w.client, ns, "followers") }},
		contract.AnnotationInitialMaster:   {"redis-0", nil},
		contract.AnnotationReplaceData:     {"redis-0", nil},
	}
	before, first := set.DeepCopy(), settings()
	for _, name := range mutate.LiveAnnotations() {
		c, ok := cases[name]
		if !ok && name != contract.AnnotationMasterName { // a set that serves this one namespace alone would be needed
			t.Errorf("%s is not tried", name)
		}
		if !ok {
			continue
		}
		annotateSet(t, w.client, ns, name, `"`+c.value+`"`)
		if c.holds != nil {
			eventually(t, 10*time.Second, name+" in the record", func() error {
				if s := settings(); !c.holds(s) {
					return fmt.Errorf("the record says %+v", s)
				}
				return nil
			})
		}
		annotateSet(t, w.client, ns, name, "null")
		eventually(t, 10*time.Second, "the record without "+name, func() error {
			if s := settings(); s != first {
				return fmt.Errorf("the record says %+v, want %+v", s, first)
			}
			return nil
		})
		after := get(t, w.client, ns, "redis", &appsv1.StatefulSet{})
		if !equality.Semantic.DeepEqual(after.Spec, before.Spec) || after.Generation != before.Generation {
			t.Fatalf("%s changed the StatefulSet: %+v", name, after.Spec.Template.ObjectMeta)
		}
	}
}

// TestPodTakesSettingsOfItsStatefulSet: the settings that its agent starts with are those that hold now, and not those of its template.
func TestPodTakesSettingsOfItsStatefulSet(t *testing.T) {
	w := install(t)
	w.start(t)
	ns := w.tenant(t)
	set := labelled(ns, 0)
	set.Annotations = map[string]string{contract.AnnotationDownAfter: "7s"}
	set.Spec.Template.Annotations = map[string]string{contract.AnnotationDownAfter: "3s", contract.AnnotationQuorum: "1"}
	create(t, w.client, set)
	pod := podOf(set, 0)
	create(t, w.client, pod)
	agent := pod.Spec.InitContainers[0]
	at := slices.IndexFunc(agent.Env, func(e corev1.EnvVar) bool { return e.Name == contract.EnvSettings })
	told, err := contract.DecodeSettings(agent.Env[at].Value)
	if err != nil {
		t.Fatal(err)
	}
	recorded, err := contract.DecodeGroupSettings(get(t, w.client, ns, "redis-sentinel-redis", &coordinationv1.Lease{}).Annotations[contract.RecordSettings])
	if err != nil {
		t.Fatal(err)
	}
	for what, s := range map[string]contract.GroupSettings{"agent": told.Redis.Group, "record": recorded} {
		if s.DownAfterMs != 7000 || s.Quorum != 1 {
			t.Errorf("%s: %+v, want down-after of the StatefulSet and the template's quorum", what, s)
		}
	}
}

// TestReplacingIsTold: what replaces the pods is told in a warning, on dry-run too, and only once; what does not is not.
func TestReplacingIsTold(t *testing.T) {
	w := install(t)
	w.start(t)
	ns := w.tenant(t)
	create(t, w.client, labelled(ns, 1))
	told := &warnings{}
	c := warned(t, told)
	patch := func(annotations string, dry ...client.PatchOption) []string {
		t.Helper()
		told.take()
		set := &appsv1.StatefulSet{}
		set.Namespace, set.Name = ns, "redis"
		body := []byte(`{"metadata":{"annotations":` + annotations + `}}`)
		if err := c.Patch(t.Context(), set, client.RawPatch(types.MergePatchType, body), dry...); err != nil {
			t.Fatal(err)
		}
		return told.replacing()
	}
	secret := `{"` + contract.AnnotationAuthSecret + `":"password"}`
	before := get(t, w.client, ns, "redis", &appsv1.StatefulSet{})
	if got := patch(secret, client.DryRunAll); len(got) != 1 || !strings.Contains(got[0], contract.AnnotationAuthSecret) {
		t.Errorf("dry-run tells %q", got)
	}
	if after := get(t, w.client, ns, "redis", &appsv1.StatefulSet{}); after.ResourceVersion != before.ResourceVersion {
		t.Error("a dry-run changed the StatefulSet")
	}
	if got := patch(secret); len(got) != 1 || !strings.Contains(got[0], contract.AnnotationAuthSecret) {
		t.Errorf("the change tells %q", got)
	}
	for range 2 {
		if got := patch(secret); len(got) != 0 {
			t.Errorf("the same again tells %q", got)
		}
	}
	if got := patch(`{"` + contract.AnnotationDownAfter + `":"7s"}`); len(got) != 0 {
		t.Errorf("down-after tells %q", got)
	}
}

func serviceThere(t *testing.T, c client.Client, namespace, name string) bool {
	t.Helper()
	return c.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: name}, &corev1.Service{}) == nil
}

// annotateSet sets an annotation of StatefulSet redis to a JSON value; null removes it.
func annotateSet(t *testing.T, c client.Client, namespace, name, value string) {
	t.Helper()
	set := &appsv1.StatefulSet{}
	set.Namespace, set.Name = namespace, "redis"
	patch := []byte(`{"metadata":{"annotations":{"` + name + `":` + value + `}}}`)
	if err := c.Patch(t.Context(), set, client.RawPatch(types.MergePatchType, patch)); err != nil {
		t.Fatalf("annotation %s: %v", name, err)
	}
}

// warnings are what the API server passes on to whoever asks.
type warnings struct {
	mu   sync.Mutex
	said []string
}

func (w *warnings) HandleWarningHeaderWithContext(_ context.Context, _ int, _, text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.said = append(w.said, text)
}

func (w *warnings) take() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	said := w.said
	w.said = nil
	return said
}

// replacing are those about pods that are replaced.
func (w *warnings) replacing() []string {
	return slices.DeleteFunc(w.take(), func(text string) bool { return !strings.Contains(text, "replaces its pods") })
}

// warned is a client of the administrator that passes warnings on.
func warned(t *testing.T, to *warnings) client.Client {
	t.Helper()
	config := rest.CopyConfig(server)
	config.WarningHandlerWithContext = to
	c, err := client.New(config, client.Options{Scheme: scheme()})
	if err != nil {
		t.Fatal(err)
	}
	return c
}
