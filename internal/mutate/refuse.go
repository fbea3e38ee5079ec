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
}

func (r *refusal) Error() string { return r.message }

// refuse builds a refusal; the message names the field first and ends with the remedy. Whoever returns it to the user
// puts the object's name before it.
func refuse(reason Reason, format string, args ...any) error {
	return &refusal{reason: reason, message: fmt.Errorf(format, args...).Error()}
}

// denied turns any error of this package into a result.
func denied(object string, err error) Result {
	reason := DeniedMalformed
	var r *refusal
	if errors.As(err, &r) {
		reason = r.reason
	}
	return Result{Reason: reason, Denied: object + ": " + err.Error()}
}

// refuseLine turns what redisconf says into a refusal of a container.
func refuseLine(container string, err error) error {
	reason := DeniedCommand
	var a *redisconf.ArgumentError
	if errors.As(err, &a) && a.Kind == redisconf.ErrOption {
		reason = DeniedOption
	}
	return refuse(reason, "command and args of container %s: %w", container, err)
}
