// SPDX-License-Identifier: Apache-2.0

package report

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/environment"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/redisconf"
)

// eventDelay is how long a wait must last before it becomes an Event: most waits end by themselves.
const eventDelay = 5 * time.Second

// events writes Events on the pod. One that cannot be written is lost, unless it tells of a change of master: the log and the status
// page say the same.
type events struct {
	client kubernetes.Interface
	env    environment.Environment
	// spawn runs something beside the turns.
	spawn func(func(context.Context))

	reason  model.Reason
	since   time.Time
	emitted bool
	// said has, by reason, the process about which an Event said it.
	said    map[string]string
	ends    ends
	lasting lasting
	// denied is since when a pod refuses this one as somebody it does not know, by name, and told whether an Event said so.
	denied map[string]time.Time
	told   map[string]bool
}

// outcome says what a turn did for its reason.
type outcome int

const (
	// waited means that nothing had to be done.
	waited outcome = iota
	// attempted means that it was done, with an unknown result.
	attempted
	// succeeded means that it was done.
	succeeded
)

// masterChanged is the reason of the Event about a change of master; it is not a decision.
const masterChanged = "MasterChanged"

const (
	// changedWithin bounds the time for which an Event about a change of master is tried: later it would tell old news, and Events are
	// not kept for longer.
	changedWithin = time.Hour
	// changedEvery is the time between two tries.
	changedEvery = 5 * time.Second
)

// changed tells of a change of master where everybody looks for it, at the StatefulSet. Its epoch is in the Event's name, so that
// each change is told once, also by an agent that has just started; and it is written when the API is back.
func (e *events) changed(setUID string, s *Switch) {
	kind := corev1.EventTypeWarning
	if s.Planned() {
		kind = corev1.EventTypeNormal
	}
	e.env.Log.Info("master changed", "reason", masterChanged, "from", s.From, "to", s.To, "cause", string(s.Cause), "epoch", s.Epoch, "without", s.Without, "missing", s.Missing)
	set := corev1.ObjectReference{APIVersion: "apps/v1", Kind: "StatefulSet", Namespace: e.env.Namespace, Name: e.env.Settings.StatefulSet, UID: types.UID(setUID)}
	event := e.event(set, kind, masterChanged, s.String())
	event.Name, event.GenerateName = fmt.Sprintf("%s.%x", set.Name, s.Epoch), ""
	e.spawn(func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, changedWithin)
		defer cancel()
		_ = wait.PollUntilContextCancel(ctx, changedEvery, true, func(ctx context.Context) (bool, error) { // what failed is logged
			err := e.create(ctx, event)
			return err == nil || apierrors.IsAlreadyExists(err) || apierrors.IsForbidden(err) || apierrors.IsInvalid(err), nil
		})
	})
}

// consider decides whether this turn is worth an Event, once for each stretch of one reason.
func (e *events) consider(now time.Time, reason model.Reason, what outcome) {
	if reason != e.reason {
		e.reason, e.since, e.emitted = reason, now, false
	}
	if e.emitted {
		return
	}
	kind := kindOf(reason.Events(), what, now.Sub(e.since))
	if kind == "" {
		return
	}
	e.emitted = true
	e.write(kind, string(reason), strings.TrimSpace(reason.Sentence()+" "+reason.Advice()))
}

// Reasons of Events about what clients may do; they are no decisions.
const (
	helloChannelOpen = "HelloChannelOpen"
	lagAllowsOverlap = "LagAllowsOverlap"
	passwordMissing  = "PasswordMissing"
)

// once tells something that is so of a process, once for each.
func (e *events) once(run, reason string, so bool, message string) {
	if !so || e.said[reason] == run {
		return
	}
	if e.said == nil {
		e.said = map[string]string{}
	}
	e.said[reason] = run
	e.env.Log.Error("clients of Redis", "reason", reason, "why", message)
	e.write(corev1.EventTypeWarning, reason, message)
}

// peerDenied is the reason of the Event about a pod that refuses this one; it is not a decision.
const peerDenied = "PeerDenied"

// considerDenials tells, once for each stretch, that the Redis of another pod does not know this pod's agent: to the deciders it is
// silent, and people would look for the cause in the network.
func (e *events) considerDenials(v model.View) {
	if e.denied == nil {
		e.denied, e.told = map[string]time.Time{}, map[string]bool{}
	}
	now := map[string]bool{}
	for i := range v.Peers {
		p := &v.Peers[i]
		if p.Redis.Denied == "" {
			continue
		}
		now[p.Name] = true
		if e.denied[p.Name].IsZero() {
			e.denied[p.Name] = v.Now
		}
		if e.told[p.Name] || v.Now.Sub(e.denied[p.Name]) <= eventDelay {
			continue
		}
		e.told[p.Name] = true
		message := fmt.Sprintf("The Redis of %s answers, and refuses this pod (%s): the two do not have the same passwords of their group. "+
			"They come from Secret %s, and after a change of keys a pod that does not see it is waited for; restarting the pod that refuses makes it read them again.",
			p.Name, p.Redis.Denied, contract.ObjectName(e.env.Settings.StatefulSet))
		e.env.Log.Error("a pod refuses this one", "reason", peerDenied, "pod", p.Name, "answer", p.Redis.Denied)
		e.write(corev1.EventTypeWarning, peerDenied, message)
	}
	maps.DeleteFunc(e.denied, func(name string, _ time.Time) bool { return !now[name] })
	maps.DeleteFunc(e.told, func(name string, _ bool) bool { return !now[name] })
}

// unsuitable is the reason of the Event about the user's own configuration file; it is not a decision.
const unsuitable = "UnsuitableConfiguration"

// longestMessage is the longest message that the API server accepts in an Event.
const longestMessage = 1024

// object reports what in the user's own configuration file the agent cannot work with, or overrides.
func (e *events) object(objections []redisconf.Objection) {
	if len(objections) == 0 {
		return
	}
	message := "The configuration of the Redis container conflicts with the agent:"
	for _, o := range objections {
		message += " " + o.String() + "."
	}
	e.env.Log.Error("the user's configuration is unsuitable", "reason", unsuitable, "why", message)
	e.write(corev1.EventTypeWarning, unsuitable, message[:min(len(message), longestMessage)])
}

// refuse reports users that Redis refused.
func (e *events) refuse(file string, err error) {
	message := "The file with users " + file + " changed, and Redis refused a part of it, which stays as it was: " + err.Error()
	e.env.Log.Error("Redis refused users", "reason", unsuitable, "file", file, "error", err.Error())
	e.write(corev1.EventTypeWarning, unsuitable, message[:min(len(message), longestMessage)])
}

// kindOf is the type of the Event that a reason is worth now; empty when it is worth none.
func kindOf(t model.EventPolicy, what outcome, lasted time.Duration) string {
	switch {
	case t == model.NormalWhenActed && what == succeeded:
		return corev1.EventTypeNormal
	case t == model.WarningWhenActed && what == succeeded, t == model.WarningWhenLasting && lasted > eventDelay,
		t == model.Warning && (what != waited || lasted > eventDelay): // it is so, whatever came of what was done for it
		return corev1.EventTypeWarning
	}
	return ""
}

// write makes an Event of the pod, as the kubelet makes its own. It does not wait for the API.
func (e *events) write(kind, reason, message string) {
	event := e.event(corev1.ObjectReference{
		APIVersion: "v1", Kind: "Pod", Namespace: e.env.Namespace, Name: e.env.PodName, UID: types.UID(e.env.PodUID),
	}, kind, reason, message)
	e.spawn(func(ctx context.Context) { _ = e.create(ctx, event) }) // it is logged
}

// event is an Event of an object in the pod's namespace.
func (e *events) event(object corev1.ObjectReference, kind, reason, message string) *corev1.Event {
	now := metav1.Now()
	return &corev1.Event{
		ObjectMeta: metav1.ObjectMeta{GenerateName: object.Name + ".", Namespace: e.env.Namespace}, InvolvedObject: object,
		Reason: reason, Message: message, Type: kind, Count: 1, FirstTimestamp: now, LastTimestamp: now,
		Source:              corev1.EventSource{Component: "redis-sentinel-bootstrap", Host: e.env.NodeName},
		ReportingController: "redis-sentinel.dev/bootstrap", ReportingInstance: e.env.PodName,
	}
}

// create writes an Event.
func (e *events) create(ctx context.Context, event *corev1.Event) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	_, err := e.client.CoreV1().Events(e.env.Namespace).Create(ctx, event, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		e.env.Log.Info("writing an Event failed", "reason", event.Reason, "error", err.Error())
	}
	return err //nolint:wrapcheck // whoever asks wants to know its kind
}
