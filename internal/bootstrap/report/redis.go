// SPDX-License-Identifier: Apache-2.0

// Package report tells people what an agent decided: in the status always, in the log when it changed, and as an Event when
// they should know.
package report

import (
	"context"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/act"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/environment"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/status"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/redisconf"
)

// Redis reports for the agent of a Redis pod.
type Redis struct {
	env    environment.Environment
	pages  *status.Pages
	events events
	story  story
	token  Token
	last   decide.Decision
	err    string
	// unfit is what was last told of the record, and when.
	unfit   string
	unfitAt time.Time
}

// NewRedis reports on these pages and, by what spawn runs beside the turns, in Events.
func NewRedis(env environment.Environment, client kubernetes.Interface, pages *status.Pages, spawn func(func(context.Context))) *Redis {
	return &Redis{env: env, pages: pages, events: events{client: client, env: env, spawn: spawn}}
}

// Unsuitable reports what in the user's own configuration the agent cannot work with, or overrides.
func (r *Redis) Unsuitable(objections []redisconf.Objection) {
	r.events.object(objections)
}

// Openness reports, once for each process, that clients can say what only Sentinels should, or that they are not let in: users are kept
// out, because policy requires a password and they have none, or the clients' Secret has none.
func (r *Redis) Openness(v model.View, keptOut []string, noneInSecret bool) {
	s := &v.Self.Redis
	if s.Answer != model.Up || s.TooOld || s.OtherFile {
		return
	}
	r.events.once(s.RunID, helloChannelOpen, !s.Selectors, "This server is older than 7.0 and cannot keep its clients from publishing on __sentinel__:hello, "+
		"whose messages Sentinels believe about any group that they watch. Use a newer one, or give this group Sentinels of its own.")
	r.events.once(s.RunID, passwordMissing, noneInSecret, "The Secret that annotation "+contract.AnnotationAuthSecret+" of this pod names has no password: no client is let in. "+
		"Write it into the Secret below the key "+contract.AuthKey+"; Redis has it as soon as the kubelet brings it, within a minute or so, and needs no restart.")
	r.events.once(s.RunID, passwordMissing, len(keptOut) > 0, fmt.Sprintf("The policy requires a password (auth: required), and these users of this Redis have none, so that nobody is let in as them: %.500s. "+
		"Give them one in its configuration file or its file with users; for the user default requirepass does it, or a Secret that annotation %s names.", strings.Join(keptOut, ", "), contract.AnnotationAuthSecret))
}

// zeroAllowsOverlap is the sibling of lagAllowsOverlap; it is no decision.
const zeroAllowsOverlap = "ZeroAllowsOverlap"

// Overlap reports, once for each process, that the user's min-replicas-max-lag or min-replicas-to-write lets a master that is cut off go on
// for too long. Admission sees no file, down-after changes while pods run, and a warning reaches only whoever asked. Below three pods
// min-replicas-to-write is 0 whatever the user says.
func (r *Redis) Overlap(v model.View) {
	s, most := &v.Self.Redis, contract.LongestLag(v.Config.DownAfter)
	r.events.once(s.RunID, lagAllowsOverlap, s.Answer == model.Up && v.Config.MaxLag > most, fmt.Sprintf("min-replicas-max-lag is %d s, and down-after %s: a master that is cut off from its "+
		"replicas may acknowledge writes after another was promoted, and they are lost. Set it to %d s at most, or leave it out.", v.Config.MaxLag, v.Config.DownAfter, most))
	r.events.once(s.RunID, zeroAllowsOverlap, s.Answer == model.Up && v.Config.MinReplicas == 0 && v.Replicas > 2, "min-replicas-to-write is 0: Redis never refuses writes for want of "+
		"replicas, and a master that is cut off from them while its agent hangs acknowledges writes after another was promoted, and they are lost. Set annotation "+
		contract.AnnotationMinReplicas+" to 1, or leave it and minReplicasToWrite of the policy out.")
}

// RefusedUsers reports users of a changed file that Redis refused; the others have changed.
func (r *Redis) RefusedUsers(file string, err error) {
	r.events.refuse(file, err)
}

// unfitRecord is the reason of the Event about a record of which something was left out; it is not a decision.
const unfitRecord = "UnfitRecord"

// unfitApart is the least time between two of them: whoever writes the record could write one fault after the other.
const unfitApart = time.Minute

// Unfit reports what is wrong with the record, once for each fault; nil is nothing.
func (r *Redis) Unfit(fault error) {
	message := text(fault)
	if message != r.unfit && (message == "" || time.Since(r.unfitAt) >= unfitApart) {
		r.unfit = message
		if message != "" {
			r.unfitAt = time.Now()
			r.env.Log.Error("the record is unfit", "reason", unfitRecord, "why", message)
			r.events.write(corev1.EventTypeWarning, unfitRecord, message[:min(len(message), longestMessage)])
		}
	}
}

// Decided reports one turn: what was seen and decided, and why carrying it out failed.
func (r *Redis) Decided(v model.View, d decide.Decision, err error) {
	s := status.Status{
		Pod: r.env.PodName, Group: r.env.Settings.StatefulSet, Label: r.env.GroupLabel(), Ready: d.Ready, Action: d.Action.String(),
		Reason: string(d.Reason), Sentence: d.Reason.Sentence(), Epoch: v.Record.Epoch, Master: v.Record.Holder, At: v.Now, Error: text(err),
	}
	r.token.Seen(r.env.Log, v.TokenRefused)
	s.Redis = seen(&v)
	r.pages.Set(s)
	if d.Action != decide.Retain && d.Action != r.last.Action || d.Reason != r.last.Reason || d.Ready != r.last.Ready || s.Error != r.err {
		r.env.Log.Info("decided", "action", s.Action, "reason", s.Reason, "why", s.Sentence, "ready", d.Ready,
			"target", d.Target.String(), "epoch", d.Epoch, "recordEpoch", v.Record.Epoch, "holder", v.Record.Holder, "error", s.Error)
	}
	r.last, r.err = d, s.Error
	if change := r.story.turn(v, d); change != nil {
		if change.Seen { // else the agent before this one may have counted it
			r.pages.Metrics().Switched(r.env.GroupLabel(), string(change.Cause), change.Without)
		}
		r.events.changed(v.SetUID, change)
	}
	r.events.considerDenials(v)
	r.events.considerEnd(v)
	r.events.considerSurroundings(v)
	r.events.consider(v.Now, d.Reason, outcomeOf(d, err))
}

// Accepted reports that an offer was accepted by its word, and for how long clients waited until now.
func (r *Redis) Accepted(v model.View, waited time.Duration) { r.story.accepted(v, waited) }

// HandedOver reports a handover that my Redis began, and how it went. One that was given up before its pause held nobody back.
func (r *Redis) HandedOver(h act.Handed, err error) {
	if h.Pause > 0 {
		r.pages.Metrics().Paused(r.env.GroupLabel(), status.PauseForHandover, h.Pause)
	}
	r.env.Log.Info("handover", "to", h.To, "preparing", h.Preparing, "pause", h.Pause, "catchingUp", h.CatchingUp, "claiming", h.Claiming,
		"announcing", h.Announcing, "rerouting", h.Rerouting, "error", text(err))
}

// Yielded reports that my Redis held writes back because a Sentinel was elected, and for how long.
func (r *Redis) Yielded(long time.Duration) {
	r.pages.Metrics().Paused(r.env.GroupLabel(), status.PauseForFailover, long)
	r.env.Log.Info("writes were held back for a failover", "pause", long)
}

// seen is what a view says of my Redis and of the Sentinels.
func seen(v *model.View) *status.Redis {
	r := &v.Self.Redis
	s := &status.Redis{
		Role: r.Role.String(), LinkUp: r.LinkUp, LinkIdleSeconds: r.LinkIdle.Seconds(), Offset: r.Offset, Replicas: r.OnlineReplicas,
		Sentinels: len(v.Sentinels), TokenRefused: v.TokenRefused,
	}
	for i := range v.Sentinels {
		if x := &v.Sentinels[i]; x.Answered && x.Monitors && x.Address == v.Record.Address {
			s.Agreeing++
		}
	}
	return s
}

func outcomeOf(d decide.Decision, err error) outcome {
	switch {
	case d.Action == decide.Wait, d.Action == decide.Retain:
		return waited
	case err != nil:
		return attempted
	}
	return succeeded
}

// text is an error for people; empty where there is none.
func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
