// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	"encoding/json"
	"reflect"
	"strings"
)

// patch collects operations. Whoever adds one also makes the same change in the decoded object, so that later steps see
// the indices that the API server will see.
type patch struct {
	ops []Operation
}

func (p *patch) add(path string, value any) {
	p.ops = append(p.ops, Operation{Op: "add", Path: path, Value: encode(value)})
}

// replace puts value where old stands, and only there.
func (p *patch) replace(path string, old, value any) {
	p.test(path, old)
	p.ops = append(p.ops, Operation{Op: "replace", Path: path, Value: encode(value)})
}

// remove takes away the element whose name is guarded: arrays are addressed by index, and an index alone could hit
// something else.
func (p *patch) remove(path, guard string, old any) {
	p.test(path+guard, old)
	p.ops = append(p.ops, Operation{Op: "remove", Path: path})
}

func (p *patch) test(path string, value any) {
	p.ops = append(p.ops, Operation{Op: "test", Path: path, Value: encode(value)})
}

// array makes an array exist that has no element yet; adding it over an empty one changes nothing.
func (p *patch) array(path string, length int) {
	if length == 0 {
		p.add(path, []struct{}{})
	}
}

// entry sets a key of a map of strings (labels, annotations).
func (p *patch) entry(path string, m *map[string]string, key, value string) {
	old, ok := (*m)[key]
	switch at := path + "/" + escape(key); {
	case len(*m) == 0:
		p.add(path, map[string]string{key: value})
	case !ok:
		p.add(at, value)
	case old != value:
		p.replace(at, old, value)
	}
	if *m == nil {
		*m = map[string]string{}
	}
	(*m)[key] = value
}

// drop removes a key of a map of strings.
func (p *patch) drop(path string, m map[string]string, key string) {
	if old, ok := m[key]; ok {
		p.remove(path+"/"+escape(key), "", old)
		delete(m, key)
	}
}

// pointers turns keys into tokens of JSON pointers.
var pointers = strings.NewReplacer("~", "~0", "/", "~1")

func escape(key string) string { return pointers.Replace(key) }

// encode cannot fail: all values are API types, strings and maps of strings that this package made or decoded.
func encode(value any) json.RawMessage {
	out, err := json.Marshal(value)
	if err != nil {
		panic("mutate: encoding a value of its own: " + err.Error())
	}
	return out
}

// covers reports whether actual has everything that want has. What others added to it (a LimitRange, another webhook) does
// not count: objects may have more keys, and arrays of named objects more elements.
func covers(actual, want any) bool {
	return within(generic(want), generic(actual))
}

func generic(value any) any {
	var out any
	if err := json.Unmarshal(encode(value), &out); err != nil {
		panic("mutate: decoding a value of its own: " + err.Error())
	}
	return out
}

func within(want, actual any) bool {
	switch w := want.(type) {
	case map[string]any:
		a, ok := actual.(map[string]any)
		if !ok && len(w) > 0 {
			return false
		}
		for key, value := range w {
			if !within(value, a[key]) {
				return false
			}
		}
		return true
	case []any:
		a, ok := actual.([]any)
		if !ok {
			return len(w) == 0
		}
		return withinArray(w, a)
	}
	return reflect.DeepEqual(want, actual)
}

func withinArray(want, actual []any) bool {
	byName := map[any]any{}
	for _, a := range actual {
		if m, ok := a.(map[string]any); ok && m["name"] != nil {
			byName[m["name"]] = a
		}
	}
	if len(byName) < len(actual) && len(want) != len(actual) {
		return false
	}
	for i, w := range want {
		other := any(nil)
		if m, ok := w.(map[string]any); ok && m["name"] != nil {
			other = byName[m["name"]]
		} else if i < len(actual) {
			other = actual[i]
		}
		if !within(w, other) {
			return false
		}
	}
	return true
}
