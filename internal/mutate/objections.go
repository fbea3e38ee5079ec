// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	"errors"
	"fmt"
	"strings"
)

// objections are all that is wrong with an object: who has to mend it hears of everything at once.
type objections struct{ all []*refusal }

// add notes an error, and each of those that it joins; nil is none. It reports whether there was none.
func (o *objections) add(err error) bool {
	if err == nil {
		return true
	}
	if all := eachOf(err); len(all) > 1 {
		for _, e := range all {
			o.add(e)
		}
		return false
	}
	var r *refusal
	if !errors.As(err, &r) {
		r = &refusal{reason: DeniedMalformed, message: err.Error()}
	}
	if len(r.parts) > 0 {
		for _, part := range r.parts {
			o.add(part)
		}
		return false
	}
	for _, known := range o.all {
		if known.message == r.message {
			return false
		}
	}
	o.all = append(o.all, r)
	return false
}

// err is all of them as one refusal, whose reason is that of the first; nil where there are none.
func (o *objections) err() error {
	switch len(o.all) {
	case 0:
		return nil
	case 1:
		return o.all[0]
	}
	texts := make([]string, len(o.all))
	for i, r := range o.all {
		texts[i] = fmt.Sprintf("(%d) %s", i+1, r.message)
	}
	return &refusal{reason: o.all[0].reason, message: strings.Join(texts, "; "), parts: o.all}
}

// eachOf are the errors that an error joins: itself where it joins none.
func eachOf(err error) []error {
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error }) //nolint:errorlint // what is wrapped further down is one objection
	if !ok {
		return []error{err}
	}
	var all []error
	for _, e := range joined.Unwrap() {
		all = append(all, eachOf(e)...)
	}
	return all
}
