// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// Reasons of Events about what lies around a Redis and keeps the group from being one; they are no decisions.
const (
	// olderThanMaster is a replica that cannot load what its master sends.
	olderThanMaster = "OlderThanMaster"
	// sentinelsUnreached are Sentinels of which this pod hears nothing.
	sentinelsUnreached = "SentinelsUnreached"
	// notWatched is a master that the Sentinels do not watch, though they answer.
	notWatched = "NotWatched"
)

// lastingDelay is how long such a thing has to last: a rollout of Sentinels or of the group takes this long without anybody's fault.
const lastingDelay = 30 * time.Second

// lasting tells what is so for some time, once for each stretch.
type lasting map[string]*stretch

type stretch struct {
	since time.Time
	told  bool
}

// consider notes whether something is so, and returns whether it is to be told now.
func (l lasting) consider(now time.Time, reason string, so bool) bool {
	if !so {
		delete(l, reason)
		return false
	}
	s := l[reason]
	if s == nil {
		s = &stretch{since: now}
		l[reason] = s
	}
	if s.told || now.Sub(s.since) < lastingDelay {
		return false
	}
	s.told = true
	return true
}

// considerSurroundings tells what keeps my Redis from its master or its Sentinels. People look for it in Redis, and it is in the pod
// template or in a NetworkPolicy.
func (e *events) considerSurroundings(v model.View) {
	if e.lasting == nil {
		e.lasting = lasting{}
	}
	tell := func(reason string, so bool, message string) {
		if e.lasting.consider(v.Now, reason, so) {
			e.env.Log.Error("something around this Redis keeps it from its group", "reason", reason, "why", message)
			e.write(corev1.EventTypeWarning, reason, message)
		}
	}
	mine := &v.Self.Redis
	master := masterOf(&v)
	older := master != nil && !mine.LinkUp && mine.Version.Before(master.Redis.Version)
	text := ""
	if older {
		text = fmt.Sprintf("This %s follows %s of %s, and is not in sync: a server does not load what a newer one has saved. Bring the pod to that version; or, to go back with the whole group, "+
			"restore its data from a backup that the older one has written. A StatefulSet does not replace a pod that never became ready: after the pod template is mended, delete the pod.",
			mine.Version, master.Redis.Version, master.Name)
	}
	tell(olderThanMaster, older, text)

	where := watchers(&v)
	answered, watching := 0, 0
	for i := range v.Sentinels {
		if s := &v.Sentinels[i]; s.Answered {
			answered++
			if s.Monitors && s.Address == v.Record.Address && !s.MasterDown {
				watching++
			}
		}
	}
	tell(sentinelsUnreached, len(v.Sentinels) > 0 && answered == 0 && v.API && mine.Answer == model.Up,
		fmt.Sprintf("None of the Sentinels (%s) answers this pod at port %d. They are down, their Service does not name them, or a NetworkPolicy keeps this pod from them: "+
			"it needs egress to their pods at this port, and they need ingress from here.", where, e.sentinelPort()))
	leads := mine.Answer == model.Up && mine.Role == model.Master && v.Record.Known && v.Record.Address == v.Self.Address
	tell(notWatched, leads && answered > 0 && watching == 0,
		fmt.Sprintf("The Sentinels (%s) answer, and none of them watches this master, %s: nobody fails over when it is gone. A NetworkPolicy may keep them from it: the pods of this group need "+
			"ingress from their pods at port %d. Their logs say what they see.", where, v.Self.Address, v.Self.Address.Port))
}

// sentinelPort is where the Sentinels listen, as far as the pod was told.
func (e *events) sentinelPort() int {
	if r := e.env.Settings.Redis; r != nil && r.Group.Sentinels.Port > 0 {
		return r.Group.Sentinels.Port
	}
	return contract.SentinelPort
}

// watchers are the names of the Sentinels, of which the last two parts are their Service and namespace.
func watchers(v *model.View) string {
	if len(v.Sentinels) == 0 {
		return ""
	}
	return fmt.Sprintf("%s and its %d peers", v.Sentinels[0].Name, len(v.Sentinels)-1)
}

// masterOf is the pod that my Redis follows; nil where it follows none of the group.
func masterOf(v *model.View) *model.Pod {
	if mine := &v.Self.Redis; mine.Answer != model.Up || mine.Role != model.Replica {
		return nil
	}
	for i := range v.Peers {
		if p := &v.Peers[i]; p.Address == v.Self.Redis.Following && p.Redis.Answer == model.Up {
			return p
		}
	}
	return nil
}

// reconfigured is the reason of the Event about settings that are not the agent's and were changed while the server runs.
const reconfigured = "Reconfigured"

// Reconfigured tells that somebody changed where the server writes its data. The agent owns roles and users, and heals those; this may be
// meant.
func (r *Redis) Reconfigured(option, from, to string) {
	message := fmt.Sprintf("%s of this Redis was %q when it started, and is %q now, by CONFIG SET: what it saves next is not where its data is looked for when it starts again. "+
		"Who did this could reach it: keep strangers out, by a password (annotation %s) or a NetworkPolicy. A restart of the container brings %[2]q back.", option, cut(from), cut(to), contract.AnnotationAuthSecret)
	r.env.Log.Error("somebody changed where the server writes its data", "reason", reconfigured, "option", option, "from", from, "to", to)
	r.events.write(corev1.EventTypeWarning, reconfigured, message[:min(len(message), longestMessage)])
}

// cut shortens what a stranger may have made long.
func cut(text string) string { return text[:min(len(text), 200)] }
