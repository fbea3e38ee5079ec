// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/mutate"
)

// injected runs the command.
func injected(t *testing.T, stdin string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, told bytes.Buffer
	p := process(append([]string{"inject"}, args...)...)
	p.Stdin, p.Stdout, p.Stderr = strings.NewReader(stdin), &out, &told
	err = Run(t.Context(), p)
	return out.String(), told.String(), err
}

func TestInjectedQuickstartNeedsNothingMore(t *testing.T) {
	const quickstart = "../../examples/quickstart/redis.yaml"
	once, told, err := injected(t, "", "-f", quickstart)
	if err != nil || !strings.Contains(once, "redis-sentinel-bootstrap") || !strings.Contains(once, "kind: Service") || !strings.Contains(told, "Injected") {
		t.Errorf("%v\n%s\n%s", err, told, once)
	}
	if strings.Contains(told, "preStop") {
		t.Errorf("a warning that holds only where there is no server: %s", told)
	}
	twice, _, err := injected(t, once, "-f", "-")
	if err != nil || once != twice {
		t.Error("injecting twice is not injecting once", err)
	}
	changes, _, err := injected(t, once, "-f", "-", "-o", "diff")
	if err != nil || changes != "" {
		t.Errorf("nothing changes, and there is a difference: %v\n%s", err, changes)
	}
}

const labelledSet = `{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: redis, namespace: shop, labels: {redis-sentinel: enabled}},
  spec: {replicas: 3, serviceName: redis, selector: {matchLabels: {app: redis}}, template: {metadata: {labels: {app: redis}}, spec: {
    containers: [{name: redis, image: "redis:7", args: [redis-server, /etc/redis/redis.conf], volumeMounts: [{name: conf, mountPath: /etc/redis}]}],
    volumes: [{name: conf, configMap: {name: redis-conf}}]}}}}
`

// TestInjectTakesWhatKubectlTakes: lists, several documents, JSON, directories, and what lies beside.
func TestInjectTakesWhatKubectlTakes(t *testing.T) {
	conf := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: redis-conf, namespace: shop}\ndata: {redis.conf: \"hz 20\\nreplicaof a 1\\n\"}\n"
	asList := "apiVersion: v1\nkind: List\nitems:\n- " + strings.ReplaceAll(labelledSet, "\n", "\n  ") + "\n- " + strings.ReplaceAll(strings.TrimSpace(conf), "\n", "\n  ") + "\n"
	dir := t.TempDir()
	for name, text := range map[string]string{"a.yaml": labelledSet, "b.yml": conf, "readme.md": "no: object"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		stdin string
		args  []string
	}{
		"documents":   {"---\n# a comment alone\n---\n" + labelledSet + "---\n" + conf + "---\n", []string{"-f", "-"}},
		"a list":      {asList, []string{"-f", "-"}},
		"a directory": {"", []string{"-f", dir}},
		"two files":   {"", []string{"-f", filepath.Join(dir, "a.yaml"), "-f", filepath.Join(dir, "b.yml")}},
		"JSON":        {"", []string{"-f", dir, "-o", "json"}},
	} {
		t.Run(name, func(t *testing.T) {
			out, told, err := injected(t, c.stdin, c.args...)
			if err != nil || strings.Count(out, "redis-sentinel-bootstrap") == 0 || !strings.Contains(out, "ConfigMap") {
				t.Fatalf("%v\n%s\n%s", err, told, out)
			}
			if !strings.Contains(told, "/etc/redis/redis.conf line 2, replicaof") {
				t.Errorf("the configuration beside it is not looked at: %s", told)
			}
			if again, _, err := injected(t, out, append([]string{"-f", "-"}, c.args[2:]...)...); name != "two files" && (err != nil || again != out) {
				t.Errorf("what was printed cannot be read again: %v\n%s", err, again)
			}
			if name == "JSON" && !json.Valid([]byte(out)) {
				t.Error("this is no JSON")
			}
		})
	}
}

// TestInjectReadsWhatIsProjected: a volume of several sources.
func TestInjectReadsWhatIsProjected(t *testing.T) {
	projected := strings.Replace(labelledSet, "configMap: {name: redis-conf}", "projected: {sources: [{secret: {name: other}}, {configMap: {name: redis-conf, items: [{key: some, path: redis.conf}]}}]}", 1)
	if projected == labelledSet {
		t.Fatal("the set has another volume")
	}
	conf := "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: redis-conf, namespace: shop}\ndata: {some: \"replicaof a 1\\n\"}\n"
	if _, told, err := injected(t, projected+conf, "-f", "-"); err != nil || !strings.Contains(told, "/etc/redis/redis.conf line 1, replicaof") {
		t.Errorf("%v: %s", err, told)
	}
}

// TestInjectLooksForUsers: a file with users that the agent cannot mount lets nobody in.
func TestInjectLooksForUsers(t *testing.T) {
	for file, said := range map[string]bool{"/etc/redis/users.acl": false, "/opt/users.acl": true} {
		conf := "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: redis-conf, namespace: shop}\ndata: {redis.conf: \"aclfile " + file + "\\n\"}\n"
		if _, told, err := injected(t, labelledSet+conf, "-f", "-"); err != nil || strings.Contains(told, "no client may enter") != said {
			t.Errorf("%s, %v: %s", file, err, told)
		}
	}
}

func TestInjectShowsWhatChanges(t *testing.T) {
	out, _, err := injected(t, labelledSet, "-f", "-", "-o", "diff")
	if err != nil || !strings.Contains(out, "--- shop/StatefulSet/redis\n") || !strings.Contains(out, "\n-        - /etc/redis/redis.conf\n") || !strings.Contains(out, "\n+        - /redis-sentinel/redis.conf\n") {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestInjectSaysAllThatWouldBeRefused: of every object, and prints nothing that somebody could apply by half.
func TestInjectSaysAllThatWouldBeRefused(t *testing.T) {
	file := "kind: Pod\nmetadata: {name: redis-0, labels: {redis-sentinel: enable}}\nspec: {containers: [{name: redis}]}\n---\n" +
		"kind: Deployment\nmetadata: {name: cache}\nspec: {template: {metadata: {labels: {redis-sentinel: enabled}}}}\n---\n" +
		"kind: CronJob\nmetadata: {name: c}\nspec: {jobTemplate: {spec: {template: {metadata: {labels: {redis-sentinel: enabled}}}}}}\n---\n" +
		"kind: DaemonSet\nmetadata: {name: d, annotations: {redis-sentinel.dev/quorum: '2'}}\n---\n" + labelledSet
	out, told, err := injected(t, file, "-f", "-")
	if err == nil || errors.As(err, &usageError{}) || out != "" || !strings.Contains(err.Error(), "3 of these objects") {
		t.Errorf("%v, and printed: %q", err, out)
	}
	for _, want := range []string{
		"Pod default/redis-0 (DeniedLabel)", "did you mean enabled?", "Deployment default/cache (DeniedNoStatefulSet): " + mutate.OtherKind("Deployment"),
		"CronJob default/c", "warning: DaemonSet default/d", "StatefulSet shop/redis: Stamped",
	} {
		if !strings.Contains(told, want) {
			t.Errorf("no %q in\n%s", want, told)
		}
	}
}

// TestInjectReadsNamespaces: one of the files says what holds in it.
func TestInjectReadsNamespaces(t *testing.T) {
	plain := strings.Replace(labelledSet, ", labels: {redis-sentinel: enabled}", "", 1)
	if out, told, err := injected(t, plain, "-f", "-"); err != nil || strings.Contains(out, "redis-sentinel-bootstrap") {
		t.Errorf("%v: %s", err, told)
	}
	ns := "kind: Namespace\nmetadata: {name: shop, labels: {redis-sentinel: enabled}}\n---\n"
	if out, told, err := injected(t, ns+plain, "-f", "-"); err != nil || !strings.Contains(out, "redis-sentinel-bootstrap") {
		t.Errorf("%v: %s", err, told)
	}
}

func TestInjectRefusesWrongArguments(t *testing.T) {
	for _, args := range [][]string{{}, {"-f", "-", "-o", "table"}, {"-f", "-", "--namespace-label", "x"}} {
		if _, _, err := injected(t, labelledSet, args...); !errors.As(err, &usageError{}) {
			t.Errorf("%q: %v", args, err)
		}
	}
	for _, stdin := range []string{"", "a: b\n", "kind: [\n"} {
		if _, _, err := injected(t, stdin, "-f", "-"); err == nil || errors.As(err, &usageError{}) {
			t.Errorf("%q: %v", stdin, err)
		}
	}
}
