// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"context"
	"crypto/rand"
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/policy"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/provision"
)

// Scene is one namespace with its Sentinels and groups.
type Scene struct {
	*Lab
	T         testing.TB
	Namespace string
	Server    Server
	Sentinels *Set
	// Start is when the scene began; what is logged counts from it.
	Start time.Time

	sets        []*Set
	tenants     []*Scene
	bare        []*Bare
	policy      *policy.Policy
	provisioner *provision.Provisioner
}

// DownAfter is how long the Sentinels of a scene wait before they consider a master down: the least that is allowed.
const DownAfter = 2 * time.Second

const policyText = `apiVersion: redis-sentinel.dev/v1alpha1
kind: Policy
defaults: {downAfter: %s, agent: {image: "lab"}}
sentinelSets:
  - {namespace: %s, name: sentinel}
`

// NewScene makes a namespace for servers of one version. Its pods end with the test, and their logs are shown when it
// failed.
func (l *Lab) NewScene(t testing.TB, version string) *Scene {
	t.Helper()
	server, err := l.FindServer(t.Context(), version)
	if err != nil {
		t.Fatal(err)
	}
	namespace, err := l.Client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "process-"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "default"}}
	if _, err = l.Client.CoreV1().ServiceAccounts(namespace.Name).Create(t.Context(), account, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	s := &Scene{
		Lab: l, T: t, Namespace: namespace.Name, Server: server, Start: time.Now(),
		provisioner: provision.New(l.Objects, l.Objects, events.NewFakeRecorder(1000), provision.Options{Now: time.Now, Random: rand.Text, LabelsRole: labelsRole, Release: ReleaseKey}),
	}
	if s.policy, err = policy.Parse(fmt.Appendf(nil, policyText, DownAfter, s.Namespace)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			s.Dump()
		}
		for _, set := range s.sets {
			for _, pod := range set.Pods {
				if pod != nil {
					pod.stop(0)
				}
			}
		}
		for _, b := range s.bare {
			b.stop()
		}
	})
	return s
}

// StartSentinels makes the Sentinel set of the scene, three strong, and starts it, unless it has one.
func (s *Scene) StartSentinels() *Set {
	s.T.Helper()
	if s.Sentinels != nil {
		return s.Sentinels
	}
	return s.StartSentinelsWith(Options{})
}

// StartSentinelsWith is StartSentinels with options; name, kind and number are given.
func (s *Scene) StartSentinelsWith(o Options) *Set {
	s.T.Helper()
	o.Name, o.Sentinel, o.Replicas = "sentinel", true, 3
	s.Sentinels = s.Set(o)
	s.Sentinels.StartAll()
	for _, tenant := range s.tenants {
		tenant.Sentinels = s.Sentinels
	}
	return s.Sentinels
}

// Logf writes a line with the time since the scene began.
func (s *Scene) Logf(format string, args ...any) {
	s.T.Helper()
	s.T.Logf("%6.2f s  %s", time.Since(s.Start).Seconds(), fmt.Sprintf(format, args...))
}

// context outlives the test's own: pods are removed after it.
func (s *Scene) context() context.Context { return context.WithoutCancel(s.T.Context()) }
