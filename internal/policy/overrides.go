// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// override is one annotation that a pod may lay over the policy, where the policy lets it.
type override struct {
	annotation string
	// apply reads the annotation's value; its error says what a good value looks like.
	apply func(value string, r *Resolved) error
}

// overrides are the safe annotations, all of which are allowed unless the policy lists fewer. Each is written in
// allowOverrides without the prefix. The first two have rules of their own, in sets.go.
var overrides = []override{
	{contract.AnnotationSentinels, nil},
	{contract.AnnotationMasterName, nil},
	{contract.AnnotationQuorum, func(v string, r *Resolved) error { return count(v, 1, &r.Quorum) }},
	{contract.AnnotationDownAfter, func(v string, r *Resolved) error { return span(v, &r.DownAfterMs) }},
	{contract.AnnotationFailoverTimeout, func(v string, r *Resolved) error { return timeout(v, &r.FailoverTimeoutMs) }},
	{contract.AnnotationParallelSyncs, func(v string, r *Resolved) error { return count(v, 1, &r.ParallelSyncs) }},
	{contract.AnnotationMinReplicas, func(v string, r *Resolved) error { return count(v, 0, &r.MinReplicasToWrite) }},
	{contract.AnnotationMinReplicasMaxLag, func(v string, r *Resolved) error { return seconds(v, &r.MinReplicasMaxLag) }},
}

// OverridableAnnotations are the names that allowOverrides may list, without the prefix.
func OverridableAnnotations() []string {
	out := make([]string, 0, len(overrides))
	for _, o := range overrides {
		out = append(out, strings.TrimPrefix(o.annotation, contract.Prefix))
	}
	return out
}

// override lays the pod's annotations over r, and returns what is wrong with them, in the order of the table.
func (l layer) override(annotations map[string]string, r *Resolved) []error {
	var problems []error
	for _, o := range overrides {
		value, ok := annotations[o.annotation]
		if !ok {
			continue
		}
		short := strings.TrimPrefix(o.annotation, contract.Prefix)
		if !slices.Contains(l.allowed, short) {
			problems = append(problems, fmt.Errorf("annotation %s: %s does not let pods choose it; remove the annotation, or ask the policy's administrator to list %s in allowOverrides", o.annotation, l.where(), short))
			continue
		}
		if o.apply == nil {
			continue
		}
		if err := o.apply(value, r); err != nil {
			problems = append(problems, &AnnotationError{Annotation: o.annotation, Err: err})
		}
	}
	return problems
}

// AnnotationError is the error of an annotation whose value makes no sense, whatever the policy.
type AnnotationError struct {
	Annotation string
	// Err says what a good value looks like.
	Err error
}

func (e *AnnotationError) Error() string { return "annotation " + e.Annotation + ": " + e.Err.Error() }

// Unwrap gives Err.
func (e *AnnotationError) Unwrap() error { return e.Err }

func count(value string, least int, into *int) error {
	n, err := strconv.Atoi(value)
	if err != nil || n < least || n > maxCount {
		return fmt.Errorf("%q is invalid: must be a number from %d to %d", value, least, maxCount)
	}
	*into = n
	return nil
}

func span(value string, into *int64) error {
	d, err := time.ParseDuration(value)
	if err != nil || d <= 0 {
		return fmt.Errorf("%q is not a duration: write it with its unit, like 5s", value)
	}
	*into = d.Milliseconds()
	return nil
}

// timeout is a time that is bounded on both sides.
func timeout(value string, into *int64) error {
	var ms int64
	if err := span(value, &ms); err != nil {
		return err
	}
	if err := checkTimeout(ms); err != nil {
		return fmt.Errorf("%q is invalid: %w", value, err)
	}
	*into = ms
	return nil
}

func seconds(value string, into *int) error {
	var ms int64
	if err := span(value, &ms); err != nil {
		return err
	}
	if err := checkWholeSeconds(ms); err != nil {
		return err
	}
	*into = int(ms / 1000)
	return nil
}
