// SPDX-License-Identifier: Apache-2.0

package apiserver

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/provision"
)

// binary builds the webhook once.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "webhook")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "webhook")
	out, err := exec.Command("go", "build", "-o", path, "../../cmd/webhook").CombinedOutput() //nolint:noctx // outlives any one test
	if err != nil {
		return "", fmt.Errorf("building the webhook: %w: %s", err, out)
	}
	return path, nil
})

// installed is a webhook that runs as a process on this machine, with the rights of the chart and no others.
type installed struct {
	client               client.WithWatch
	namespace, name      string
	policy, kubeconfig   string
	port, health, metric int
	// label is on the Namespaces whose objects are sent to it.
	label   string
	process *exec.Cmd
	log     *lines
}

// lines keeps what a process printed.
type lines struct {
	mu  sync.Mutex
	all []string
}

func (l *lines) add(line string) { l.mu.Lock(); defer l.mu.Unlock(); l.all = append(l.all, line) }
func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.all, "\n")
}

const policyText = `apiVersion: redis-sentinel.dev/v1alpha1
kind: Policy
defaults: {downAfter: %s, agent: {image: "redis-sentinel-webhook:dev"}}
sentinelSets:
  - {namespace: %s, name: sentinel, namespaces: ["*"]}
`

// install makes configurations, rights and a policy, but starts nothing.
func install(t *testing.T) *installed {
	t.Helper()
	c := admin(t)
	w := &installed{client: c, namespace: newNamespace(t, c, nil), name: unique(t), port: freePort(t), health: freePort(t), metric: freePort(t)}
	w.label = "test-" + w.name[max(0, len(w.name)-40):]
	for suffix, entry := range map[string]string{"pods": contract.WebhookPods, "statefulsets": contract.WebhookStatefulSets} {
		w.configure(t, suffix, entry)
	}
	cfg := limited(t, c, w.namespace, w.configurations()...)
	grant(t, c, w.namespace, "", provision.WebhookRules(w.name+"-role-labels"))
	grant(t, c, w.namespace, w.namespace, provision.WebhookOwnRules(w.name+"-ca", w.name+"-hook", w.name+"-key"))
	w.kubeconfig = writeKubeconfig(t, cfg)
	w.policy = filepath.Join(t.TempDir(), "policy.yaml")
	w.writePolicy(t, "5s")
	return w
}

func (w *installed) configurations() []string {
	return []string{w.name + "-pods", w.name + "-statefulsets"}
}

func (w *installed) configure(t *testing.T, suffix, entry string) {
	t.Helper()
	path, resource, group := contract.PathMutatePods, "pods", ""
	operations := []admissionv1.OperationType{admissionv1.Create}
	if suffix == "statefulsets" {
		path, resource, group = contract.PathMutateStatefulSets, "statefulsets", "apps"
		operations = append(operations, admissionv1.Update)
	}
	out := configuration(w.name+"-"+suffix, entry)
	url := fmt.Sprintf("https://localhost:%d%s", w.port, path)
	effects, again := admissionv1.SideEffectClassNoneOnDryRun, admissionv1.IfNeededReinvocationPolicy
	hook := &out.Webhooks[0]
	hook.ClientConfig.URL, hook.SideEffects, hook.ReinvocationPolicy = &url, &effects, &again
	hook.NamespaceSelector = &metav1.LabelSelector{MatchLabels: map[string]string{w.label: "1"}}
	hook.ObjectSelector = &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: contract.LabelOptIn, Operator: metav1.LabelSelectorOpExists}}}
	hook.Rules = []admissionv1.RuleWithOperations{{Operations: operations, Rule: admissionv1.Rule{APIGroups: []string{group}, APIVersions: []string{"v1"}, Resources: []string{resource}}}}
	create(t, w.client, out)
}

func (w *installed) writePolicy(t *testing.T, downAfter string) {
	t.Helper()
	w.replacePolicy(t, fmt.Sprintf(policyText, downAfter, w.namespace))
}

func (w *installed) replacePolicy(t *testing.T, text string) {
	t.Helper()
	if err := os.WriteFile(w.policy, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// start runs the process and waits until it is ready.
func (w *installed) start(t *testing.T, flags ...string) {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	args := []string{
		"serve", "--namespace=" + w.namespace, "--name=" + w.name, "--policy=" + w.policy, fmt.Sprintf("--port=%d", w.port),
		fmt.Sprintf("--health-address=127.0.0.1:%d", w.health), fmt.Sprintf("--metrics-address=127.0.0.1:%d", w.metric), "--shutdown-delay=2s",
	}
	for _, name := range w.configurations() {
		args = append(args, "--configuration="+name)
	}
	w.process = exec.CommandContext(context.WithoutCancel(t.Context()), path, append(args, flags...)...) //nolint:gosec // our own binary
	w.process.Env = append(os.Environ(), "KUBECONFIG="+w.kubeconfig)
	stderr, err := w.process.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.process.Start(); err != nil {
		t.Fatal(err)
	}
	w.log = &lines{}
	go func(into *lines) {
		for scanner := bufio.NewScanner(stderr); scanner.Scan(); {
			into.add(scanner.Text())
		}
	}(w.log)
	process := w.process
	t.Cleanup(func() { _ = process.Process.Kill(); _ = process.Wait() })
	eventually(t, 30*time.Second, "the webhook is ready", func() error {
		if _, err := fetch(t.Context(), w.health, "/readyz?verbose"); err != nil {
			return fmt.Errorf("%w\n%s", err, w.log)
		}
		return nil
	})
}

// metrics returns the process's own metrics.
func (w *installed) metrics(t *testing.T) string {
	t.Helper()
	text, err := fetch(t.Context(), w.metric, "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// tenant makes a Namespace whose objects are sent to the webhook.
func (w *installed) tenant(t *testing.T) string {
	t.Helper()
	return newNamespace(t, w.client, map[string]string{w.label: "1"})
}

func fetch(ctx context.Context, port int, path string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d%s", port, path), nil)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if response.StatusCode != http.StatusOK {
		err = errors.Join(err, fmt.Errorf("%s: %s", response.Status, text))
	}
	return string(text), err
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // closed at once
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

// writeKubeconfig turns a configuration, impersonation included, into a file.
func writeKubeconfig(t *testing.T, cfg *rest.Config) string {
	t.Helper()
	out := clientcmdapi.NewConfig()
	out.Clusters["test"] = &clientcmdapi.Cluster{Server: cfg.Host, CertificateAuthorityData: cfg.CAData, CertificateAuthority: cfg.CAFile}
	out.AuthInfos["test"] = &clientcmdapi.AuthInfo{
		ClientCertificateData: cfg.CertData, ClientCertificate: cfg.CertFile, ClientKeyData: cfg.KeyData, ClientKey: cfg.KeyFile,
		Token: cfg.BearerToken, Impersonate: cfg.Impersonate.UserName, ImpersonateGroups: cfg.Impersonate.Groups,
	}
	out.Contexts["test"] = &clientcmdapi.Context{Cluster: "test", AuthInfo: "test"}
	out.CurrentContext = "test"
	if !strings.Contains(cfg.Host, "://") {
		out.Clusters["test"].Server = "https://" + cfg.Host
	}
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := clientcmd.WriteToFile(*out, path); err != nil {
		t.Fatal(err)
	}
	return path
}

// podOf is a pod as the StatefulSet's controller would make it; here there may be no controller.
func podOf(set *appsv1.StatefulSet, ordinal int) *corev1.Pod {
	meta := *set.Spec.Template.ObjectMeta.DeepCopy()
	meta.Namespace, meta.Name = set.Namespace, fmt.Sprintf("%s-%d", set.Name, ordinal)
	meta.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "StatefulSet", Name: set.Name, UID: set.UID, Controller: new(true)}}
	return &corev1.Pod{ObjectMeta: meta, Spec: *set.Spec.Template.Spec.DeepCopy()}
}

func labelled(namespace string, replicas int32) *appsv1.StatefulSet {
	return statefulSet(namespace, "redis", "redis", replicas, map[string]string{contract.LabelOptIn: contract.OptInEnabled})
}
