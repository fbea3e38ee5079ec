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
