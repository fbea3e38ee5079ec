// SPDX-License-Identifier: Apache-2.0

package sentinelagent

import (
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/redisio"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// TestFileIsSuspectedWhenNothingListensForLong: a Sentinel that hangs, or was only restarted, has nothing against its file; one whose
// new file does not help either is not given another one all the time.
func TestFileIsSuspectedWhenNothingListensForLong(t *testing.T) {
	r, now := &rescue{}, time.Unix(1_800_000_000, 0)
	due := func(refused bool, after time.Duration) bool {
		now = now.Add(after)
		return r.isDue(now, refused)
	}
	if due(true, 0) || due(true, refusedFor-time.Second) {
		t.Error("a Sentinel that is down for less than the kubelet needs to start it twice")
	}
	if due(false, time.Hour) || due(true, 0) || due(true, refusedFor-time.Second) {
		t.Error("it was silent meanwhile: that is another fault")
	}
	if !due(true, time.Second) {
		t.Error("nothing has listened for a quarter of a minute")
	}
	if due(true, refusedFor) || !due(true, refusedFor) {
		t.Error("the second attempt has to come after twice the time")
	}
	r.attempts = 1000
	if due(true, mostPatience-time.Second) || !due(true, time.Second) {
		t.Error("attempts do not go on")
	}
	r.saw(t.Context(), now, true)
	if r.attempts != 0 || !r.since.IsZero() {
		t.Error("a Sentinel that answers is still suspected")
	}
}

// refusedPod is my pod as the API shows it after its Sentinel has ended so.
func refusedPod(code int32, lived time.Duration) *corev1.Pod {
	began := metav1.NewTime(time.Unix(1_800_000_000, 0))
	return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "sentinel-1"}, Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{{
		LastTerminationState: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: code, StartedAt: began, FinishedAt: metav1.NewTime(began.Add(lived))}},
	}}}}
}

func TestOnlyWhoGivesUpAtOnceRefusesItsFile(t *testing.T) {
	waiting := &corev1.Pod{Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{{State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ImagePullBackOff"}}}}}}
	for name, c := range map[string]struct {
		pod  *corev1.Pod
		want bool
	}{
		"it ended at once, by itself":      {refusedPod(1, time.Second), true},
		"it was killed for want of memory": {refusedPod(137, time.Second), false},
		"it had lived for an hour":         {refusedPod(1, time.Hour), false},
		"its image is still pulled":        {waiting, false},
		"the API does not say":             {&corev1.Pod{}, true},
	} {
		if got := refusesFile(c.pod); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// TestRefusedFileIsReplaced: what can still be read of the epoch is kept, and so are the identity and the old file. An epoch that
// nobody can have made is not.
func TestRefusedFileIsReplaced(t *testing.T) {
	free, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := model.Address{Host: "127.0.0.1", Port: free.Addr().(*net.TCPAddr).Port}
	for _, c := range []struct {
		epoch string
		kept  bool
	}{{strconv.FormatInt(time.Now().Add(3*time.Minute).UnixMilli(), 10), true}, {"18446744073709551615", false}} {
		env := testEnvironment(t)
		shared := map[string][]byte{contract.PeerSecretPassword: []byte("p"), contract.PeerSecretIdentity: []byte("set")}
		client := fake.NewClientset(refusedPod(1, time.Second), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: contract.PeerSecretName("sentinel")}, Data: shared})
		r := &rescue{file: confOf(env, client), client: client, own: redisio.Keep(address, model.Credential{})}
		if _, err = sentinelDirectory(env); err != nil {
			t.Fatal(err)
		}
		broken := "sentinel current-epoch " + c.epoch + "\nsentinel monitor ns.redis 10.0.0.7 99999 2\n"
		if err = os.WriteFile(sentinelFile(env), []byte(broken), 0o600); err != nil {
			t.Fatal(err)
		}
		if err = r.replace(t.Context(), true); err != nil {
			t.Fatal(err)
		}
		if text, _ := os.ReadFile(sentinelFile(env)); string(text) != broken {
			t.Fatal("the file of a Sentinel that listens was replaced")
		}
		_ = free.Close()
		if err = r.replace(t.Context(), true); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(sentinelFile(env))
		if err != nil || strings.Contains(string(text), "99999") || !strings.Contains(string(text), "sentinel myid "+identityOf("set", 1)+"\n") {
			t.Errorf("%v, the file became\n%s", err, text)
		}
		before, _ := strconv.ParseUint(c.epoch, 10, 64)
		if now := currentEpoch(env); c.kept != (now > before) || !model.Believable(now, time.Now()) {
			t.Errorf("current-epoch %d became %d", before, now)
		}
		if aside, _ := os.ReadFile(sentinelFile(env) + refusedSuffix); string(aside) != broken {
			t.Errorf("the refused file became %q", aside)
		}
		events, err := client.CoreV1().Events("ns").List(t.Context(), metav1.ListOptions{})
		if err != nil || len(events.Items) != 1 || events.Items[0].Reason != "FileRefused" {
			t.Errorf("Events %v, %v; want one FileRefused", events.Items, err)
		}
		if free, err = (&net.ListenConfig{}).Listen(t.Context(), "tcp", address.String()); err != nil {
			t.Fatal(err)
		}
	}
	_ = free.Close()
}
