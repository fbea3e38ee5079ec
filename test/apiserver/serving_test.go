// SPDX-License-Identifier: Apache-2.0

package apiserver

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/serving"
)

const serverName = "webhook.test.svc"

// newConfiguration makes a configuration with the given entries that matches nothing, as a chart applies it.
func newConfiguration(t *testing.T, c client.Client, entries ...string) string {
	t.Helper()
	live := configuration(unique(t), entries...)
	create(t, c, live)
	return live.Name
}

func configuration(name string, entries ...string) *admissionv1.MutatingWebhookConfiguration {
	none, fail := admissionv1.SideEffectClassNone, admissionv1.Fail
	url := "https://localhost:1/none"
	out := &admissionv1.MutatingWebhookConfiguration{ObjectMeta: metav1.ObjectMeta{Name: name}}
	for _, entry := range entries {
		out.Webhooks = append(out.Webhooks, admissionv1.MutatingWebhook{
			Name: entry, SideEffects: &none, FailurePolicy: &fail, AdmissionReviewVersions: []string{"v1"},
			ClientConfig:      admissionv1.WebhookClientConfig{URL: &url},
			NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"no-such": "namespace"}},
			Rules: []admissionv1.RuleWithOperations{{
				Operations: []admissionv1.OperationType{admissionv1.Create},
				Rule:       admissionv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"pods"}},
			}},
		})
	}
	return out
}

// clock is a wall clock that a test can move.
type clock struct {
	mu     sync.Mutex
	offset time.Duration
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.offset)
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset += d
}

func newRotator(c client.WithWatch, namespace string, o serving.Options) *serving.Rotator {
	o.Secret = client.ObjectKey{Namespace: namespace, Name: "webhook-ca"}
	o.Names = []string{serverName}
	if o.Now == nil {
		o.Now = time.Now
	}
	return serving.NewRotator(c, o, serving.NewMetrics(prometheus.NewRegistry()), logr.Discard())
}

func start(t *testing.T, k *serving.Rotator) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- k.Start(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Rotator ended: %v", err)
		}
	})
}

// leaf returns what the rotator serves now.
func leaf(t *testing.T, k *serving.Rotator) *x509.Certificate {
	t.Helper()
	cert, err := k.GetCertificate(nil)
	if err != nil {
		t.Fatal(err)
	}
	return cert.Leaf
}

// bundle returns the caBundle of an entry.
func bundle(t *testing.T, c client.Client, name, entry string) []byte {
	t.Helper()
	live := get(t, c, "", name, &admissionv1.MutatingWebhookConfiguration{})
	for _, w := range live.Webhooks {
		if w.Name == entry {
			return w.ClientConfig.CABundle
		}
	}
	t.Fatalf("%s has no entry %s", name, entry)
	return nil
}

// verify checks a leaf as an API server with that caBundle does.
func verify(leaf *x509.Certificate, bundle []byte, now time.Time) error {
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(bundle) {
		return errors.New("caBundle holds no certificate")
	}
	_, err := leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: serverName, CurrentTime: now})
	return err
}

func TestReplicasThatStartTogetherMakeOneAuthority(t *testing.T) {
	c := admin(t)
	ns := newNamespace(t, c, nil)
	name := newConfiguration(t, c, contract.WebhookPods)
	var rotators []*serving.Rotator
	var group sync.WaitGroup
	for range 3 {
		k := newRotator(c, ns, serving.Options{Configurations: []string{name}})
		rotators = append(rotators, k)
		group.Go(func() {
			if err := k.Rotate(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	published := bundle(t, c, name, contract.WebhookPods)
	certs, err := serving.DecodeBundle(published)
	if err != nil || len(certs) != 1 {
		t.Fatalf("caBundle holds %d authorities (%v), want 1", len(certs), err)
	}
	for i, k := range rotators {
		if err := verify(leaf(t, k), published, time.Now()); err != nil {
			t.Errorf("replica %d is not trusted: %v", i, err)
		}
		if err := k.Ready(nil); err != nil {
			t.Errorf("replica %d is not ready: %v", i, err)
		}
	}
}

func TestHookKeyIsDrawnOnce(t *testing.T) {
	c := admin(t)
	name := client.ObjectKey{Namespace: newNamespace(t, c, nil), Name: "hook"}
	keys := make([]string, 5)
	var group sync.WaitGroup
	for i := range keys {
		group.Go(func() {
			key, err := serving.EnsureKey(t.Context(), c, name)
			if err != nil {
				t.Error(err)
			}
			keys[i] = string(key)
		})
	}
	group.Wait()
	for _, key := range keys {
		if key != keys[0] || len(key) < 32 {
			t.Fatalf("replicas have %d different keys or short ones", len(keys))
		}
	}
}

func TestBundleIsWrittenBesideWhatOthersOwn(t *testing.T) {
	c := admin(t)
	ns := newNamespace(t, c, nil)
	name := newConfiguration(t, c, contract.WebhookPods, "somebody.else.dev", contract.WebhookNamespacePods)
	k := newRotator(c, ns, serving.Options{Configurations: []string{name}})
	if err := k.Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	for entry, want := range map[string]bool{contract.WebhookPods: true, contract.WebhookNamespacePods: true, "somebody.else.dev": false} {
		if got := len(bundle(t, c, name, entry)) > 0; got != want {
			t.Errorf("entry %s has a caBundle: %v, want %v", entry, got, want)
		}
	}
	before := get(t, c, "", name, &admissionv1.MutatingWebhookConfiguration{}).ResourceVersion
	if err := k.Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if after := get(t, c, "", name, &admissionv1.MutatingWebhookConfiguration{}).ResourceVersion; after != before {
		t.Errorf("a second turn wrote: resourceVersion %s, want %s", after, before)
	}

	// This is what a chart tool does at an upgrade with server-side apply: it never names caBundle.
	upgrade, err := json.Marshal(map[string]any{
		"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration", "metadata": map[string]any{"name": name},
		"webhooks": []any{map[string]any{"name": contract.WebhookPods, "timeoutSeconds": 7}},
	})
	if err != nil {
		t.Fatal(err)
	}
	live := &admissionv1.MutatingWebhookConfiguration{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if err := c.Patch(t.Context(), live, client.RawPatch("application/apply-patch+yaml", upgrade), client.FieldOwner("helm"), client.ForceOwnership); err != nil {
		t.Fatal(err)
	}
	if len(bundle(t, c, name, contract.WebhookPods)) == 0 {
		t.Error("an upgrade by server-side apply emptied caBundle")
	}
}

func TestReadyWaitsForTheConfiguration(t *testing.T) {
	c := admin(t)
	ns := newNamespace(t, c, nil)
	name := unique(t)
	k := newRotator(c, ns, serving.Options{Configurations: []string{name}, Interval: 100 * time.Millisecond})
	start(t, k)
	eventually(t, 5*time.Second, "a leaf", func() error { _, err := k.GetCertificate(nil); return err })
	if err := k.Ready(nil); err == nil {
		t.Fatal("ready without a configuration")
	}
	create(t, c, configuration(name, contract.WebhookPods))
	eventually(t, 5*time.Second, "ready once the configuration is there", func() error { return k.Ready(nil) })
}

func TestEmptiedBundleIsRepairedOnWatch(t *testing.T) {
	c := admin(t)
	ns := newNamespace(t, c, nil)
	name := newConfiguration(t, c, contract.WebhookPods)
	changed := make(chan struct{}, 100)
	k := newRotator(c, ns, serving.Options{Configurations: []string{name}, Interval: time.Hour, Changed: func() { changed <- struct{}{} }})
	start(t, k)
	eventually(t, 5*time.Second, "ready", func() error { return k.Ready(nil) })
	for range 3 {
		live := get(t, c, "", name, &admissionv1.MutatingWebhookConfiguration{})
		live.Webhooks[0].ClientConfig.CABundle = nil
		if err := c.Update(t.Context(), live); err != nil {
			t.Fatal(err)
		}
		eventually(t, 3*time.Second, "caBundle is back", func() error {
			if len(bundle(t, c, name, contract.WebhookPods)) == 0 {
				return errors.New("caBundle is empty")
			}
			return nil
		})
	}
	select {
	case <-changed:
	case <-time.After(3 * time.Second):
		t.Error("nobody was told that the configuration changed")
	}
}

func TestLostSecretIsMadeAgainWithTheSameAuthority(t *testing.T) {
	c := admin(t)
	ns := newNamespace(t, c, nil)
	name := newConfiguration(t, c, contract.WebhookPods)
	k := newRotator(c, ns, serving.Options{Configurations: []string{name}})
	if err := k.Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := bundle(t, c, name, contract.WebhookPods)
	for _, damage := range []func(secret *corev1.Secret) error{
		func(secret *corev1.Secret) error { return c.Delete(t.Context(), secret) },
		func(secret *corev1.Secret) error { secret.Data = nil; return c.Update(t.Context(), secret) },
		func(secret *corev1.Secret) error {
			secret.Data["tls.key"] = []byte("nonsense")
			return c.Update(t.Context(), secret)
		},
	} {
		if err := damage(get(t, c, ns, "webhook-ca", &corev1.Secret{})); err != nil {
			t.Fatal(err)
		}
		if err := k.Rotate(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := bundle(t, c, name, contract.WebhookPods); string(got) != string(before) {
			t.Fatal("the authority changed")
		}
	}
}

func TestAuthorityIsSucceededWithoutAGap(t *testing.T) {
	c := admin(t)
	ns := newNamespace(t, c, nil)
	name := newConfiguration(t, c, contract.WebhookPods)
	time0 := &clock{}
	options := serving.Options{Configurations: []string{name}, Now: time0.Now, AuthorityLifetime: 300 * time.Hour, LeafLifetime: 60 * time.Hour}
	old := newRotator(c, ns, options)
	turn := func(k *serving.Rotator) {
		t.Helper()
		if err := k.Rotate(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := verify(leaf(t, k), bundle(t, c, name, contract.WebhookPods), time0.Now()); err != nil {
			t.Fatalf("not trusted: %v", err)
		}
	}
	turn(old)
	first := leaf(t, old)
	time0.advance(199 * time.Hour)
	turn(old)
	time0.advance(2 * time.Hour) // beyond two thirds of the authority's life, not of the new leaf's
	second := leaf(t, old)
	if second.Equal(first) {
		t.Fatal("the leaf was not renewed")
	}
	turn(old)
	if !leaf(t, old).Equal(second) {
		t.Error("a running replica changed its leaf when the authority was renewed")
	}
	certs, err := serving.DecodeBundle(bundle(t, c, name, contract.WebhookPods))
	if err != nil || len(certs) != 2 {
		t.Fatalf("caBundle holds %d authorities (%v), want the new and the old one", len(certs), err)
	}
	fresh := newRotator(c, ns, options)
	turn(fresh)
	turn(old)
	time0.advance(100 * time.Hour) // the old authority has expired
	turn(old)
	turn(fresh)
	if certs, _ := serving.DecodeBundle(bundle(t, c, name, contract.WebhookPods)); len(certs) != 1 {
		t.Errorf("caBundle holds %d authorities, want the expired one pruned", len(certs))
	}
}

func TestRenewedLeafCostsNoConnection(t *testing.T) {
	c := admin(t)
	ns := newNamespace(t, c, nil)
	name := newConfiguration(t, c, contract.WebhookPods)
	k := newRotator(c, ns, serving.Options{Configurations: []string{name}, LeafLifetime: 6 * time.Second, Interval: 100 * time.Millisecond})
	start(t, k)
	eventually(t, 5*time.Second, "ready", func() error { return k.Ready(nil) })
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{GetCertificate: k.GetCertificate, MinVersion: tls.VersionTLS12})
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				_ = conn.(*tls.Conn).HandshakeContext(t.Context())
				_ = conn.Close()
			}()
		}
	}()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(bundle(t, c, name, contract.WebhookPods))
	leaves := map[string]bool{}
	calls := 0
	for end := time.Now().Add(9 * time.Second); time.Now().Before(end); calls++ {
		serial, err := handshake(t.Context(), listener.Addr().String(), roots)
		if err != nil {
			t.Fatalf("handshake %d failed: %v", calls, err)
		}
		leaves[serial] = true
		time.Sleep(5 * time.Millisecond)
	}
	if len(leaves) < 3 {
		t.Errorf("saw %d leaves in %d handshakes, want at least 3", len(leaves), calls)
	}
}

func handshake(ctx context.Context, address string, roots *x509.CertPool) (string, error) {
	dialer := &tls.Dialer{NetDialer: &net.Dialer{Timeout: time.Second}, Config: &tls.Config{RootCAs: roots, ServerName: serverName, MinVersion: tls.VersionTLS12}}
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return "", fmt.Errorf("connecting: %w", err)
	}
	defer conn.Close()
	return conn.(*tls.Conn).ConnectionState().PeerCertificates[0].SerialNumber.String(), nil
}
