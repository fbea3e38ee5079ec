// SPDX-License-Identifier: Apache-2.0

package report

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/environment"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

func podThatEnded(code int32, reason, words string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "redis-0", UID: "uid-0"},
		Spec: corev1.PodSpec{Containers: []corev1.Container{
			{Name: "exporter"}, {Name: "cache", VolumeMounts: []corev1.VolumeMount{{Name: contract.ConfigVolume}}},
		}},
		Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{
			{Name: "exporter", LastTerminationState: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 9, Message: "not this"}}},
			{Name: "cache", LastTerminationState: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: code, Reason: reason, Message: words}}},
		}},
	}
}

func TestServerThatEndsIsToldWithItsLastWords(t *testing.T) {
	for name, c := range map[string]struct {
		pod   *corev1.Pod
		wants []string
	}{
		"a line that it does not know": {podThatEnded(1, "Error", "*** FATAL CONFIG FILE ERROR ***\nReading the configuration file, at line 6\n>>> 'replicaof 127.0.0.1 1'\n"), []string{"exit code 1)", ">>> 'replicaof", "older than Redis 6.2"}},
		"out of memory":                {podThatEnded(137, "OOMKilled", ""), []string{"exit code 137, OOMKilled", "kubectl logs --previous"}},
		"many words":                   {podThatEnded(1, "Error", strings.Repeat("é", 5000)+" the last"), []string{"…", "the last"}},
		"without a word":               {podThatEnded(0, "Completed", ""), []string{"exit code 0, Completed", "kubectl logs --previous"}},
		"it never ended": {func() *corev1.Pod {
			pod := podThatEnded(1, "", "")
			pod.Status.ContainerStatuses[1].LastTerminationState = corev1.ContainerState{}
			return pod
		}(), nil},
	} {
		t.Run(name, func(t *testing.T) {
			client := fake.NewClientset(c.pod)
			e := &events{
				client: client, env: environment.Environment{Namespace: "ns", PodName: "redis-0", PodUID: "uid-0", Log: slog.New(slog.DiscardHandler)},
				spawn: func(do func(context.Context)) { do(t.Context()) },
			}
			now := time.Now()
			for range 100 { // a minute and more of a server that starts and ends
				e.considerEnd(model.View{Now: now})
				now = now.Add(time.Second)
			}
			all, err := client.CoreV1().Events("ns").List(t.Context(), metav1.ListOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if want := min(len(c.wants), 1); len(all.Items) != want {
				t.Fatalf("%d Events, want %d", len(all.Items), want)
			}
			for _, want := range c.wants {
				if message := all.Items[0].Message; !strings.Contains(message, want) || len(message) > longestMessage {
					t.Errorf("%q does not say %q, or is too long", message, want)
				}
			}
		})
	}
}

// TestServerThatAnswersHasNoLastWords: one that turns its agent away, or is kept by a script, runs.
func TestServerThatAnswersHasNoLastWords(t *testing.T) {
	for _, r := range []model.Redis{{Answer: model.Up}, {Answer: model.Loading}, {Denied: "NOAUTH"}, {Full: true}, {Busy: true}} {
		e := &events{spawn: func(func(context.Context)) { t.Errorf("%+v: looked at", r) }}
		for i := range 100 {
			e.considerEnd(model.View{Now: time.Unix(int64(i), 0), Self: model.Pod{Redis: r}})
		}
	}
}
