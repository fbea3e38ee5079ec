// SPDX-License-Identifier: Apache-2.0

package report

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/environment"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// Reasons of Events about a Sentinel's file; they are no decisions.
const (
	groupsLeftOut = "GroupsLeftOut"
	fileRefused   = "FileRefused"
	epochPoisoned = "EpochPoisoned"
)

// Sentinel reports what concerns my Sentinel's file: in the log, and as Events on its pod.
type Sentinel struct{ events events }

// NewSentinel reports in Events by what spawn runs beside the turns.
func NewSentinel(env environment.Environment, client kubernetes.Interface, spawn func(func(context.Context))) *Sentinel {
	return &Sentinel{events{client: client, env: env, spawn: spawn}}
}

// LeftOut tells which groups the file was written without, and why.
func (s *Sentinel) LeftOut(records []model.LeftOut) {
	if len(records) == 0 {
		return
	}
	var message strings.Builder
	message.WriteString("Sentinel starts without the groups of these records; each is served once its record is right:")
	for _, r := range records {
		s.events.env.Log.Error("a group is left out of Sentinel's file", "reason", groupsLeftOut, "lease", r.Lease, "why", r.Why)
		if message.Len() < longestMessage {
			message.WriteString(" " + r.Lease + ": " + r.Why + ".")
		}
	}
	text := message.String()
	s.events.write(corev1.EventTypeWarning, groupsLeftOut, text[:min(len(text), longestMessage)])
}

// Poisoned tells that my Sentinel has saved an epoch that nobody can have made honestly.
func (s *Sentinel) Poisoned(epoch uint64) {
	s.events.env.Log.Error("Sentinel has an epoch beyond belief", "reason", epochPoisoned, "epoch", epoch)
	s.events.write(corev1.EventTypeWarning, epochPoisoned, fmt.Sprintf("Sentinel has saved the epoch %d, after which it could win no election any more: "+
		"it starts anew from the records. Something publishes on a Redis that the set watches what only Sentinels say there; the log of the Sentinels says by which.", epoch))
}

// FileRefused tells that Sentinel did not start from its file, and where that is now.
func (s *Sentinel) FileRefused(kept string) {
	message := "Sentinel did not start from its file. It was written anew from the records; the refused one is kept as " + kept +
		" in the Sentinel container. If this happens again, the log of that container says which line is wrong."
	s.events.env.Log.Error("Sentinel did not start from its file", "reason", fileRefused, "kept", kept)
	s.events.write(corev1.EventTypeWarning, fileRefused, message)
}
