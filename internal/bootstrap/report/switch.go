// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"slices"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// Switch is one change of master, as the agent of the new one tells it.
type Switch struct {
	// From is the pod that led before; empty where the group has just formed.
	From, To string
	Cause    model.Reason
	Epoch    uint64
	// Without is for how long there was no master that took writes, at most; negative where that is not known.
	Without time.Duration
	// Missing is how many bytes of the former master's stream are known to be missing.
	Missing int64
	// Lived reports whether the former master answered as one until the new one led.
	Lived bool
	// Script reports whether a script kept the former master from answering.
	Script bool
	// Seen reports whether this agent saw it happen.
	Seen bool
}

// Planned reports whether it lost nothing by design.
func (s Switch) Planned() bool {
	return s.From == "" || slices.Contains([]model.Reason{model.HandingOver, model.HandoverRequested, model.HandingToFirst, model.CannotSave}, s.Cause)
}

// String tells it in a few sentences.
func (s Switch) String() string {
	why := fmt.Sprintf("(%s, epoch %d)", s.Cause, s.Epoch)
	switch s.From {
	case "":
		return fmt.Sprintf("%s leads: the group has formed %s.", s.To, why)
	case s.To:
		return fmt.Sprintf("%s leads again, in a new pod %s%s%s", s.To, why, s.outage(), s.loss())
	}
	return fmt.Sprintf("%s leads instead of %s %s%s%s", s.To, s.From, why, s.outage(), s.loss())
}

func (s Switch) outage() string {
	text := ": for how long there was no writable master is not known."
	if s.Without >= 0 {
		text = fmt.Sprintf(": there was no writable master for at most %d ms.", s.Without.Milliseconds())
	}
	if s.Script {
		text += fmt.Sprintf(" A script kept %s from answering.", s.From)
	}
	return text
}

// loss says what may be lost.
func (s Switch) loss() string {
	switch {
	case s.Planned():
		return " Writes waited meanwhile, and none that was acknowledged is lost."
	case s.Lived:
		return fmt.Sprintf(" %s answered as master until then: nothing is lost where its agent held writes back in time, as it does when a Sentinel is elected.", s.From)
	case s.From == s.To:
		return " What the pod before it acknowledged, and nobody had who is left, is lost."
	case s.Missing > 0:
		return fmt.Sprintf(" What %s acknowledged and had not sent to %s is lost: at least %d bytes of its stream.", s.From, s.To, s.Missing)
	}
	return fmt.Sprintf(" What %s acknowledged and had not sent to %s is lost.", s.From, s.To)
}
