// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/serving"
)

// noEnv is an empty environment.
func noEnv(string) string { return "" }

func TestArgumentsDecideTheExitCode(t *testing.T) {
	for name, tc := range map[string]struct {
		args []string
		want int
	}{
		"no command":                   {nil, exitUsage},
		"unknown command":              {[]string{"dance"}, exitUsage},
		"unknown flag":                 {[]string{"serve", "--dance"}, exitUsage},
		"argument that is no flag":     {[]string{"serve", "--policy=x", "dance"}, exitUsage},
		"serve without a policy":       {[]string{"serve", "--namespace=x"}, exitUsage},
		"serve without a namespace":    {[]string{"serve", "--policy=x"}, exitUsage},
		"serve on no port":             {[]string{"serve", "--namespace=x", "--policy=x", "--port=70000"}, exitUsage},
		"inject without a file":        {[]string{"inject"}, exitUsage},
		"inject of a missing file":     {[]string{"inject", "-f", "/no/such/file"}, exitFailure},
		"inject with half a label":     {[]string{"inject", "-f", "-", "--namespace-label", "x"}, exitUsage},
		"inject with a missing policy": {[]string{"inject", "-f", "-", "--policy", "/no/such/file"}, exitFailure},
		"check without a namespace":    {[]string{"check"}, exitUsage},
		"version":                      {[]string{"version"}, 0},
		"help":                         {[]string{"help"}, 0},
		"help of a command":            {[]string{"serve", "-h"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			err := run(t.Context(), tc.args, noEnv, strings.NewReader(""), io.Discard, io.Discard)
			if got := exitCode(err, io.Discard); got != tc.want {
				t.Errorf("exit code %d (%v), want %d", got, err, tc.want)
			}
		})
	}
}

func TestFlagsOfServeFollowTheName(t *testing.T) {
	env := func(key string) string { return map[string]string{"POD_NAMESPACE": "system"}[key] }
	o, _, err := parseServe([]string{"--name=edge", "--policy=p", "--dns-name=extra"}, env, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	want := list{"edge-pods", "edge-namespace-pods", "edge-statefulsets", "edge-namespace-statefulsets"}
	if o.namespace != "system" || o.authoritySecret() != "edge-ca" || o.hookSecret() != "edge-hook" || !slices.Equal(o.configurations, want) {
		t.Errorf("options %+v", o)
	}
	if names := o.dnsNames(); names[0] != "edge.system.svc" || !slices.Contains(names, "extra") {
		t.Errorf("names %v", names)
	}
	o, _, err = parseServe([]string{"--name=edge", "--policy=p", "--configuration=one", "--configuration=two", "--service=other"}, env, io.Discard)
	if err != nil || !slices.Equal(o.configurations, list{"one", "two"}) || o.dnsNames()[0] != "other.system.svc" {
		t.Errorf("options %+v, error %v", o, err)
	}
}

func TestInjectedQuickstartNeedsNothingMore(t *testing.T) {
	inject := func(file string, stdin io.Reader) (string, string) {
		t.Helper()
		var stdout, stderr bytes.Buffer
		if err := run(t.Context(), []string{"inject", "-f", file}, noEnv, stdin, &stdout, &stderr); err != nil {
			t.Fatalf("%v\n%s", err, &stderr)
		}
		return stdout.String(), stderr.String()
	}
	once, told := inject("../../examples/quickstart/redis.yaml", nil)
	if !strings.Contains(once, "redis-sentinel-bootstrap") || !strings.Contains(once, "kind: Service") || !strings.Contains(told, "Injected") {
		t.Errorf("%s\n%s", told, once)
	}
	twice, _ := inject("-", strings.NewReader(once))
	if once != twice {
		t.Error("injecting twice is not injecting once")
	}
}

func TestInjectSaysWhatWouldBeRefused(t *testing.T) {
	pod := "kind: Pod\nmetadata: {name: redis-0, labels: {redis-sentinel: please}}\nspec: {containers: [{name: redis}]}\n"
	err := run(t.Context(), []string{"inject", "-f", "-"}, noEnv, strings.NewReader(pod), io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "DeniedLabel") {
		t.Errorf("error %v", err)
	}
}

func TestPolicyFileIsFollowed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "policy.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte("apiVersion: redis-sentinel.dev/v1alpha1\nkind: Policy\n"+text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("sentinelSets: [{namespace: a, name: b}]\n")
	if _, err := loadPolicy(path, "", prometheus.NewRegistry(), logr.Discard()); err == nil {
		t.Error("a first file without an agent's image was taken")
	}
	f, err := loadPolicy(path, "image:1", prometheus.NewRegistry(), logr.Discard())
	if err != nil {
		t.Fatal(err)
	}
	changes := 0
	f.changed = func() { changes++ }
	for _, step := range []struct {
		name, text    string
		sets, changes int
	}{
		{"the same text changes nothing", "sentinelSets: [{namespace: a, name: b}]\n", 1, 0},
		{"an unusable text changes nothing", "sentinelSets: 7\n", 1, 0},
		{"a new text holds", "sentinelSets: [{namespace: a, name: b}, {namespace: a, name: c}]\n", 2, 1},
		{"an image of its own stays", "defaults: {agent: {image: own}}\n", 0, 2},
	} {
		write(step.text)
		f.look()
		if got := len(f.Policy().Sets()); got != step.sets || changes != step.changes {
			t.Errorf("%s: %d sets after %d changes, want %d after %d", step.name, got, changes, step.sets, step.changes)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if f.look(); f.Policy() == nil || changes != 2 {
		t.Error("a file that is gone took the policy with it")
	}
}

func TestServerVersion(t *testing.T) {
	for minor, good := range map[string]bool{"29": false, "30": true, "36+": true, "x": false} {
		if _, err := checkServerVersion("1", minor, "v1."+minor); (err == nil) != good {
			t.Errorf("1.%s: %v", minor, err)
		}
	}
}

func TestRightsAreAskedOneByOne(t *testing.T) {
	rules := []rbacv1.PolicyRule{
		{APIGroups: []string{"", "events.k8s.io"}, Resources: []string{"events"}, Verbs: []string{"create", "patch"}},
		{APIGroups: []string{""}, Resources: []string{"pods/status"}, Verbs: []string{"get"}, ResourceNames: []string{"a", "b"}},
	}
	rights := single(rules)
	if len(rights) != 6 || rights[5].Subresource != "status" || rights[5].Name != "b" {
		t.Errorf("rights %+v", rights)
	}
}

func TestUsageErrorIsFoundInsideOthers(t *testing.T) {
	if got := exitCode(errors.Join(errors.New("x"), usageError{errors.New("y")}), io.Discard); got != exitUsage {
		t.Errorf("exit code %d, want %d", got, exitUsage)
	}
}

func TestCertificateOfSomebodyElse(t *testing.T) {
	dir := t.TempDir()
	o := serveOptions{certDir: dir}
	if _, err := newCertificate(o, nil, nil, logr.Discard()); err == nil {
		t.Error("an empty --cert-dir was taken")
	}
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	pair := server.TLS.Certificates[0]
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{
		"tls.crt": {Type: "CERTIFICATE", Bytes: pair.Certificate[0]}, "tls.key": {Type: "PRIVATE KEY", Bytes: key},
	} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cert, err := newCertificate(o, nil, nil, logr.Discard())
	if err != nil || cert.Ready(nil) != nil {
		t.Fatalf("certificate %v, error %v", cert, err)
	}
	if _, keeps := cert.(*serving.Keeper); keeps {
		t.Error("with --cert-dir caBundle is somebody else's")
	}
}
