// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	"errors"
	"fmt"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/redisconf"
)

// refusal is an error that refuses the object.
type refusal struct {
	reason  Reason
	message string
	// parts are the refusals that it is made of, where it is made of several.
	parts []*refusal
}

func (r *refusal) Error() string { return r.message }

// refuse builds a refusal; the message names the field first and ends with the remedy. Whoever returns it to the user
// puts the object's name before it.
func refuse(reason Reason, format string, args ...any) error {
	return &refusal{reason: reason, message: fmt.Errorf(format, args...).Error()}
}

// denied turns any error of this package into a result. What is to be known beside it is told at once too.
func denied(object string, err error, warnings ...string) Result {
	reason := DeniedMalformed
	var r *refusal
	if errors.As(err, &r) {
		reason = r.reason
	}
	return Result{Reason: reason, Denied: object + ": " + err.Error(), Warnings: warnings}
}

// ofReason is the part of an error that has this reason; nil where none has.
func ofReason(err error, reason Reason) error {
	var r *refusal
	if !errors.As(err, &r) {
		return nil
	}
	for _, part := range append(r.parts, r) {
		if part.reason == reason && len(part.parts) == 0 {
			return part
		}
	}
	return nil
}

// refuseLine turns what is said of a command line into refusals of a container.
func refuseLine(container string, err error) error {
	var all []error
	for _, e := range eachOf(err) {
		reason := DeniedCommand
		var a *redisconf.ArgumentError
		if errors.As(e, &a) && a.Kind == redisconf.ErrOption {
			reason = DeniedOption
		}
		all = append(all, refuse(reason, "command and args of container %s: %w", container, e))
	}
	return errors.Join(all...)
}
