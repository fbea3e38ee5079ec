// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/policy"
)

// schema is the part of JSON schema that the chart uses.
type schema struct {
	Ref        string            `json:"$ref"`
	Type       any               `json:"type"`
	Properties map[string]schema `json:"properties"`
	// Additional is false, true or a schema.
	Additional  any               `json:"additionalProperties"`
	Definitions map[string]schema `json:"definitions"`
}

func readSchema(t *testing.T) schema {
	t.Helper()
	var s schema
	text, err := os.ReadFile(filepath.Join(folder, "values.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func readValues(t *testing.T) map[string]any {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, "values.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var values map[string]any
	if err := yaml.UnmarshalStrict(text, &values); err != nil {
		t.Fatal(err)
	}
	return values
}

// TestSchemaAndValuesListTheSame wants a schema for every value and a value for every schema: helm refuses a value without
// a schema, and nobody finds a schema without a value.
func TestSchemaAndValuesListTheSame(t *testing.T) {
	root := readSchema(t)
	var compare func(path string, s schema, value any)
	compare = func(path string, s schema, value any) {
		if name, ok := strings.CutPrefix(s.Ref, "#/definitions/"); ok {
			s = root.Definitions[name]
		}
		if s.Properties == nil {
			return
		}
		if s.Additional != false {
			t.Errorf("%s: the schema lets unknown values pass", path)
		}
		object, _ := value.(map[string]any)
		for _, key := range slices.Sorted(maps.Keys(object)) {
			if _, ok := s.Properties[key]; !ok {
				t.Errorf("%s.%s is not in the schema", path, key)
			}
		}
		for _, key := range slices.Sorted(maps.Keys(s.Properties)) {
			child, ok := object[key]
			if !ok && !optional(path) && key != "global" {
				t.Errorf("%s.%s is in the schema, and not in values.yaml", path, key)
			}
			if ok {
				compare(path+"."+key, s.Properties[key], child)
			}
		}
	}
	compare("", root, readValues(t))
}

// optional are values that are Kubernetes' or the policy file's, which their own documentation lists.
func optional(path string) bool {
	return path == ".policy.defaults" || strings.HasSuffix(path, ".resources")
}

// TestEveryValueIsExplained wants a comment above it in values.yaml, and a row in the chart's README.
func TestEveryValueIsExplained(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(folder, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	var walk func(path string, value any)
	walk = func(path string, value any) {
		object, ok := value.(map[string]any)
		if ok && len(object) > 0 && !strings.HasSuffix(path, "resources") {
			for _, key := range slices.Sorted(maps.Keys(object)) {
				walk(strings.TrimPrefix(path+"."+key, "."), object[key])
			}
			return
		}
		if !strings.Contains(string(text), "| `"+path+"` |") {
			t.Errorf("README.md has no row for %s", path)
		}
	}
	walk("", readValues(t))
}

// TestWrongValuesAreRefused, before anything is sent to a cluster.
func TestWrongValuesAreRefused(t *testing.T) {
	for value, complaint := range map[string]string{
		"webhook.replicaCount=2":                        "replicaCount",
		"webhook.port=https":                            "/webhook/port",
		"webhook.clientCA=nonsense":                     "/webhook/clientCA",
		"webhook.clientNames={a}":                       "webhook.clientCA",
		"webhook.timeoutSeconds=31":                     "/webhook/timeoutSeconds",
		"sentinels.namespaces=":                         "/sentinels/namespaces",
		"policy.defaults.downAfter=5":                   "/policy/defaults/downAfter",
		"policy.defaults.down-after=5s":                 "down-after",
		"policy.rules[0].name=a,policy.rules[0].image=": "image",
		"policy.defaults.allowOverrides={image}":        "/policy/defaults/allowOverrides",
	} {
		t.Run(value, func(t *testing.T) {
			_, err := helm(t, "--set", value)
			if err == nil || !strings.Contains(err.Error(), complaint) {
				t.Errorf("error %v, want one that names %s", err, complaint)
			}
		})
	}
}

// TestPolicyExample loads the policy of examples/policy as the webhook does, and asks it.
func TestPolicyExample(t *testing.T) {
	p := policyOf(t, render(t, "-f", filepath.Join("..", "..", "examples", "policy", "values.yaml")))
	production := map[string]string{"stage": "production"}
	for name, ask := range map[string]struct {
		labels  map[string]string
		refused bool
		after   int64
		pod     string
	}{
		"defaults":                        {nil, false, 5000, ""},
		"the rule":                        {production, false, 3000, ""},
		"a refused override":              {nil, true, 0, "../../examples/policy/refused.yaml"},
		"a refused override, by the rule": {production, true, 0, "../../examples/policy/refused.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			resolved, err := p.Resolve(policy.Object{Namespace: "a", NamespaceLabels: ask.labels, PodAnnotations: annotationsOf(t, ask.pod)})
			switch {
			case ask.refused && (err == nil || !strings.Contains(err.Error(), "down-after")):
				t.Errorf("error %v, want a refusal that names down-after", err)
			case !ask.refused && err != nil:
				t.Error(err)
			case !ask.refused && resolved.DownAfterMs != ask.after:
				t.Errorf("downAfter = %d ms, want %d", resolved.DownAfterMs, ask.after)
			}
		})
	}
}

func annotationsOf(t *testing.T, file string) map[string]string {
	t.Helper()
	if file == "" {
		return nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var object struct {
		Metadata struct {
			Annotations map[string]string `json:"annotations"`
		} `json:"metadata"`
	}
	if err := yaml.Unmarshal(text, &object); err != nil {
		t.Fatal(err)
	}
	return object.Metadata.Annotations
}
