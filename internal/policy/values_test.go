// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// TestEverySettingIsAValueOfTheChart: what the policy file takes can be written as a value, for all groups and in a rule, and the
// chart's README names it. Helm refuses what the schema does not know.
func TestEverySettingIsAValueOfTheChart(t *testing.T) {
	chart := filepath.Join("..", "..", "charts", "redis-sentinel-webhook")
	read := func(name string) []byte {
		text, err := os.ReadFile(filepath.Join(chart, name))
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	type schema struct {
		Properties map[string]json.RawMessage `json:"properties"`
	}
	var values struct {
		Properties struct {
			Policy struct {
				Properties struct {
					Defaults schema `json:"defaults"`
				} `json:"properties"`
			} `json:"policy"`
		} `json:"properties"`
		Definitions struct {
			Rule struct {
				Properties struct {
					Settings schema `json:"settings"`
				} `json:"properties"`
			} `json:"rule"`
		} `json:"definitions"`
	}
	if err := json.Unmarshal(read("values.schema.json"), &values); err != nil {
		t.Fatal(err)
	}
	page := string(read("README.md"))
	for _, part := range []struct {
		name   string
		known  schema
		fields []string
	}{
		{"policy.defaults", values.Properties.Policy.Properties.Defaults, fieldsOf(reflect.TypeFor[defaults]())},
		{"a rule's settings", values.Definitions.Rule.Properties.Settings, fieldsOf(reflect.TypeFor[settings]())},
	} {
		if known := slices.Sorted(maps.Keys(part.known.Properties)); !slices.Equal(known, part.fields) {
			t.Errorf("%s: the schema knows %v, and the policy file %v", part.name, known, part.fields)
		}
		for _, name := range part.fields {
			if !strings.Contains(page, "`"+name+"`") {
				t.Errorf("%s: README.md does not name %s", part.name, name)
			}
		}
	}
}

// fieldsOf are the names of a struct's fields in a file, sorted.
func fieldsOf(s reflect.Type) []string {
	var names []string
	for field := range s.Fields() {
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if options == "inline" {
			names = append(names, fieldsOf(field.Type)...)
			continue
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
