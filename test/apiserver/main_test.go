// SPDX-License-Identifier: Apache-2.0

package apiserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/controlplane"
)

// server is the API server of all tests.
var server *rest.Config

// clients is the directory with the certificate that the API server presents to webhooks.
var clients string

func TestMain(m *testing.M) {
	ctrl.SetLogger(logr.Discard())
	stop, err := connect()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
	code := m.Run()
	stop()
	os.Exit(code)
}

func connect() (stop func(), err error) {
	if os.Getenv("KUBEBUILDER_ASSETS") == "" {
		return nil, errors.New("these tests start an API server that KUBEBUILDER_ASSETS names: make apiserver")
	}
	if clients, err = os.MkdirTemp("", "clients"); err != nil {
		return nil, err
	}
	var end func()
	if server, end, err = controlplane.Start("", "", clients); err != nil {
		_ = os.RemoveAll(clients)
		return nil, err
	}
	server.QPS, server.Burst = 500, 1000
	return func() {
		end()
		_ = os.RemoveAll(clients)
	}, nil
}

// scheme knows every kind of Kubernetes.
func scheme() *runtime.Scheme { return clientgoscheme.Scheme }

// admin returns a client that may do everything and reads without a cache.
func admin(t *testing.T) client.WithWatch {
	t.Helper()
	return clientFor(t, server)
}

func clientFor(t *testing.T, cfg *rest.Config) client.WithWatch {
	t.Helper()
	c, err := client.NewWithWatch(cfg, client.Options{Scheme: scheme()})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// newNamespace makes a Namespace that lasts as long as the test, with the account that a controller would make.
func newNamespace(t *testing.T, c client.Client, labels map[string]string) string {
	t.Helper()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "apiserver-test-", Labels: labels}}
	create(t, c, ns)
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: ns.Name, Name: "default"}}
	if err := client.IgnoreAlreadyExists(c.Create(t.Context(), account)); err != nil {
		t.Fatal(err)
	}
	return ns.Name
}

// create makes an object that lasts as long as the test.
func create(t *testing.T, c client.Client, o client.Object) {
	t.Helper()
	if err := c.Create(t.Context(), o); err != nil {
		t.Fatalf("creating %T %s: %v", o, o.GetName(), err)
	}
	t.Cleanup(func() {
		if err := client.IgnoreNotFound(c.Delete(context.WithoutCancel(t.Context()), o)); err != nil {
			t.Errorf("deleting %T %s: %v", o, o.GetName(), err)
		}
	})
}

// get reads an object again.
func get[T client.Object](t *testing.T, c client.Client, namespace, name string, o T) T {
	t.Helper()
	if err := c.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: name}, o); err != nil {
		t.Fatalf("reading %T %s/%s: %v", o, namespace, name, err)
	}
	return o
}

// eventually waits until the condition returns nil, and fails with its last error.
func eventually(t *testing.T, within time.Duration, what string, condition func() error) {
	t.Helper()
	deadline := time.Now().Add(within)
	for {
		err := condition()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %s: %v", what, within, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// unique makes a name of the test's own for objects without a namespace.
func unique(t *testing.T) string {
	t.Helper()
	name := strings.ToLower(strings.NewReplacer("/", "-", "_", "-").Replace(t.Name()))
	return fmt.Sprintf("%.40s-%d", name, time.Now().UnixNano()%1e9)
}

func quantity(text string) *resource.Quantity {
	q := resource.MustParse(text)
	return &q
}
