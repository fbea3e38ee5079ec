// SPDX-License-Identifier: Apache-2.0

package sentinelagent

import (
	"os"
	"path/filepath"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// TestMountedSecretNeedsNoRight reads what the volume holds, without a client.
func TestMountedSecretNeedsNoRight(t *testing.T) {
	env := testEnvironment(t)
	for key, value := range map[string]string{contract.PeerSecretPassword: "pass", contract.PeerSecretIdentity: "who"} {
		if err := os.WriteFile(filepath.Join(env.PeerDir, key), []byte(value), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	secret := &peerSecret{env: env}
	if err := secret.load(t.Context()); err != nil {
		t.Fatal(err)
	}
	if secret.password() != "pass" || secret.identityOf(1) != identityOf("who", 1) {
		t.Errorf("got password %q, identity %q", secret.password(), secret.identityOf(1))
	}
}

// TestEmptySecretOfAChartIsFilledOnce has two agents, whose volumes were empty when their pods started.
func TestEmptySecretOfAChartIsFilledOnce(t *testing.T) {
	client := fake.NewClientset(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: contract.PeerSecretName("sentinel")}})
	first, second := &peerSecret{env: testEnvironment(t), client: client}, &peerSecret{env: testEnvironment(t), client: client}
	for _, secret := range []*peerSecret{first, second} {
		if err := secret.load(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if first.password() == "" || first.password() != second.password() || first.identityOf(0) != second.identityOf(0) {
		t.Errorf("passwords %q and %q", first.password(), second.password())
	}
}

// TestKeyThatComesLaterIsFound: the webhook writes the set's key into a Secret that is mounted already, and the kubelet takes its time.
func TestKeyThatComesLaterIsFound(t *testing.T) {
	env := testEnvironment(t)
	const key = contract.PeerSecretKey + "fingerprint"
	stored := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: contract.PeerSecretName("sentinel")}, Data: map[string][]byte{}}
	for name, value := range map[string]string{contract.PeerSecretPassword: "pass", contract.PeerSecretIdentity: "who"} {
		stored.Data[name] = []byte(value)
		if err := os.WriteFile(filepath.Join(env.PeerDir, name), []byte(value), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	client := fake.NewClientset(stored)
	secret := &peerSecret{env: env, client: client}
	if err := secret.load(t.Context()); err != nil {
		t.Fatal(err)
	}
	if secret.refresh(t.Context(), key) {
		t.Fatal("found a key that is nowhere")
	}
	stored.Data[key] = []byte("the key")
	if _, err := client.CoreV1().Secrets("ns").Update(t.Context(), stored, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	if !secret.refresh(t.Context(), key) || secret.value(key) != "the key" || secret.password() != "pass" {
		t.Errorf("got key %q and password %q", secret.value(key), secret.password())
	}
}
