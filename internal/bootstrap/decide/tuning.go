// SPDX-License-Identifier: Apache-2.0

package decide

// fencedTuning is how every Redis starts: it serves nothing and Sentinel never elects it.
func fencedTuning() Tuning { return Tuning{} }

// holderPriority makes Sentinel's own election land on the recorded holder where that is a replica in its eyes.
const holderPriority = 1

// syncedTuning gives a replica the user's values back.
func syncedTuning(v View) Tuning {
	t := Tuning{Priority: max(v.Config.Priority, holderPriority+1), ServeStale: v.Config.ServeStale}
	if v.Config.Priority == 0 { // the user's way to say "never elect this one"
		t.Priority = 0
	}
	if v.Record.PodUID == v.Self.UID {
		t.Priority = holderPriority
	}
	return t
}

// masterTuning requires a replica for each write only while one can be lost without refusing writes.
func masterTuning(v View) Tuning {
	t := Tuning{Priority: holderPriority, ServeStale: v.Config.ServeStale}
	if v.Self.Redis.OnlineReplicas >= 2 {
		t.MinReplicas = v.Config.MinReplicas
	}
	return t
}
