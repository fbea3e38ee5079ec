// SPDX-License-Identifier: Apache-2.0

package sentinelagent

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/environment"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/loop"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/observe"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/report"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// The numbers in these tests are those of docs/interleavings.md.

// confOf is the file of a Sentinel that nobody has started yet.
func confOf(env environment.Environment, client kubernetes.Interface) *confFile {
	secret := &peerSecret{env: env, client: client}
	set := observe.NewSentinelSet(observe.Set{
		Namespace: env.Namespace, Settings: env.Settings, PodName: env.PodName, PodIP: env.PodIP,
	}, client, nil, secret.identityOf)
	now := func(f func(context.Context)) { f(context.Background()) } //nolint:forbidigo // an Event is written at once
	return &confFile{env: env, secret: secret, set: set, report: report.NewSentinel(env, client, now), password: "password"}
}

// TestSentinelStartsFromItsFileWithoutTheAPI (25).
func TestSentinelStartsFromItsFileWithoutTheAPI(t *testing.T) {
	env := testEnvironment(t)
	if _, err := sentinelDirectory(env); err != nil {
		t.Fatal(err)
	}
	kept := "port 26379\nsentinel myid " + strings.Repeat("a", 40) + "\nsentinel current-epoch 77\n"
	if err := os.WriteFile(sentinelFile(env), []byte(kept+"user agent on #"+hash("password")+" ~* &* +@all\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	client := fake.NewClientset()
	client.PrependReactor("*", "*", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, nil, errors.New("the API is away")
	})
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	crew, _ := loop.NewCrew(ctx, env.Log)
	file := confOf(env, client)
	err := file.prepare(ctx, crew.Spawn)
	if err != nil || ctx.Err() != nil {
		t.Fatalf("it waits for the API: %v %v", err, ctx.Err())
	}
	text, err := os.ReadFile(sentinelFile(env))
	if err != nil || !strings.HasPrefix(string(text), kept) {
		t.Errorf("the file became\n%s\n%v", text, err)
	}
	if id := file.secret.identityOf(0); id != "" {
		t.Errorf("the identity of a peer is %s before it is known: true peers would be ghosts", id)
	}
}

// TestBlankSentinelVotesInNoElectionOfBefore (25): one that lost its file does not know how it has voted. It starts above every
// election that may be in progress, with the masters, the voters and the identity that it would have had.
func TestBlankSentinelVotesInNoElectionOfBefore(t *testing.T) {
	env := testEnvironment(t)
	epoch := uint64(time.Now().Add(3 * time.Minute).UnixMilli())
	settings, err := json.Marshal(contract.GroupSettings{DownAfterMs: 5000, FailoverTimeoutMs: 10000, ParallelSyncs: 1, Port: 6379, Sentinels: contract.SentinelSet{Namespace: "ns", Name: "sentinel", Replicas: 3}})
	if err != nil {
		t.Fatal(err)
	}
	holder := "redis-0"
	shared := map[string][]byte{contract.PeerSecretPassword: []byte("p"), contract.PeerSecretIdentity: []byte("set")}
	client := fake.NewClientset(
		&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: contract.PeerSecretName("sentinel")}, Data: shared},
		&coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{
			Namespace: "ns", Name: contract.ObjectName("redis"), Labels: map[string]string{contract.LabelGroup: "redis"},
			Annotations: map[string]string{
				contract.RecordSettings: string(settings), contract.RecordEpoch: strconv.FormatUint(epoch, 10),
				contract.RecordAddress: "10.0.0.7:6379", contract.RecordPodUID: "uid",
			},
		}, Spec: coordinationv1.LeaseSpec{HolderIdentity: &holder}},
		&corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "redis-0", UID: "uid", Labels: map[string]string{contract.LabelGroup: "redis"}},
			Status:     corev1.PodStatus{PodIPs: []corev1.PodIP{{IP: "10.0.0.7"}}},
		},
		&corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "sentinel-0", Labels: map[string]string{contract.LabelSentinelSet: "sentinel"}},
			Status:     corev1.PodStatus{PodIPs: []corev1.PodIP{{IP: "10.0.1.1"}}},
		},
	)
	// It waits for the record as long as it may: one that it does not find must fail this test, not hold it up.
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err = confOf(env, client).prepare(ctx, nil); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(sentinelFile(env))
	if err != nil {
		t.Fatal(err)
	}
	current := currentEpoch(env)
	for _, want := range []string{
		"sentinel monitor ns.redis 10.0.0.7 6379 2", "sentinel config-epoch ns.redis " + strconv.FormatUint(epoch, 10),
		"sentinel leader-epoch ns.redis " + strconv.FormatUint(current, 10), "sentinel myid " + identityOf("set", 1),
		"sentinel known-sentinel ns.redis 10.0.1.1 26379 " + identityOf("set", 0),
	} {
		if !strings.Contains(string(text), want+"\n") {
			t.Errorf("line %q is missing in\n%s", want, text)
		}
	}
	if current <= epoch || current%1024 != 0 {
		t.Errorf("current-epoch %d, want a claim's number above the record's %d", current, epoch)
	}
}

// TestIdentityOfASentinel (26): the same for an ordinal in all its lives, and another in every set, also of another cluster.
func TestIdentityOfASentinel(t *testing.T) {
	seen := map[string]string{}
	for _, set := range []string{"one", "two", "one/1"} {
		for ordinal := range 12 {
			id := identityOf(set, ordinal)
			if before := seen[id]; before != "" || len(id) != 40 || id != identityOf(set, ordinal) {
				t.Errorf("%s/%d is %s, as %q is", set, ordinal, id, before)
			}
			seen[id] = set + "/" + strconv.Itoa(ordinal)
		}
	}
}
