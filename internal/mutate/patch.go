// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
)

// patch is a JSON patch (RFC 6902) that is being written. Whoever adds an operation also makes the same change in the decoded object, so
// that later steps see the indices that the API server will see.
type patch struct {
	text   bytes.Buffer
	values *json.Encoder
}

// bytes are the patch; nil where there is nothing to do.
func (p *patch) bytes() []byte {
	if p.text.Len() == 0 {
		return nil
	}
	return append(p.text.Bytes(), ']')
}

func (p *patch) add(path string, value any) { p.operation("add", path, value) }

// replace puts value where old stands, and only there.
func (p *patch) replace(path string, old, value any) {
	p.test(path, old)
	p.operation("replace", path, value)
}

// replaceNamed puts value where an element of that name stands.
func (p *patch) replaceNamed(path, name string, value any) {
	p.test(path+"/name", name)
	p.operation("replace", path, value)
}

// remove takes away the element whose name is guarded: arrays are addressed by index, and an index alone could hit
// something else.
func (p *patch) remove(path, guard string, old any) {
	p.test(path+guard, old)
	p.operation("remove", path, nil)
}

func (p *patch) test(path string, value any) { p.operation("test", path, value) }

// operation writes one; without a value where it is nil.
func (p *patch) operation(op, path string, value any) {
	if p.text.Len() == 0 {
		p.values = json.NewEncoder(&p.text)
		p.text.WriteByte('[')
	} else {
		p.text.WriteByte(',')
	}
	p.text.WriteString(`{"op":"`)
	p.text.WriteString(op)
	p.text.WriteString(`","path":`)
	p.string(path)
	if value != nil {
		p.text.WriteString(`,"value":`)
		p.value(value)
	}
	p.text.WriteByte('}')
}

// value cannot fail: all values are API types, strings and maps of strings that this package made or decoded.
func (p *patch) value(value any) {
	switch v := value.(type) {
	case json.RawMessage:
		p.text.Write(v)
		return
	case string:
		p.string(v)
		return
	}
	p.encode(value)
}

// string writes a text. Paths are plain, and most values: the library takes as long for each of them as for an object.
func (p *patch) string(text string) {
	if !isPlain(text) {
		p.encode(text)
		return
	}
	p.text.WriteByte('"')
	p.text.WriteString(text)
	p.text.WriteByte('"')
}

func (p *patch) encode(value any) {
	if err := p.values.Encode(value); err != nil {
		panic("mutate: encoding a value of its own: " + err.Error())
	}
	p.text.Truncate(p.text.Len() - 1) // the line that the encoder ends
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

// isPlain reports whether a text in quotation marks is what encoding/json makes of it.
func isPlain(text string) bool {
	for i := range len(text) {
		switch c := text[i]; {
		case c < ' ', c > '~', c == '"', c == '\\', c == '<', c == '>', c == '&':
			return false
		}
	}
	return true
}

// covers reports whether actual has everything that want has. What others added to it (a LimitRange, another webhook) does
// not count: objects may have more keys, and arrays of named objects more elements.
func covers(actual, want any) bool {
	return within(generic(want), generic(actual))
}

func generic(value any) any {
	var out any
	text, err := json.Marshal(value)
	if err == nil {
		err = json.Unmarshal(text, &out)
	}
	if err != nil {
		panic("mutate: reading a value of its own: " + err.Error())
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
