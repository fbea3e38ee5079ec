// SPDX-License-Identifier: Apache-2.0

package decide

import "github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"

// holderPriority makes Sentinel's own election choose the recorded holder where Sentinel takes that for a replica.
const holderPriority = 1

// fencedTuning is how every Redis starts: it serves nothing and Sentinel never elects it.
func fencedTuning() model.Tuning { return model.Tuning{} }

// syncedTuning gives a replica the user's values back.
func (s *situation) syncedTuning() model.Tuning {
	t := model.Tuning{Priority: max(s.Config.Priority, holderPriority+1), ServeStale: s.Config.ServeStale}
	if s.Config.Priority == 0 || s.lags(&s.Self.Redis) || s.leftBehind() { // 0 is also the user's way to say "never elect this one"
		t.Priority = 0
	}
	if s.Record.PodUID == s.Self.UID {
		t.Priority = holderPriority
	}
	return t
}

// masterTuning requires a replica for each write only while one can be lost without refusing writes. Replicas that are online and not heard of
// are lost; but only while Sentinels see my Redis, or it could be the one that is lost, and once the record counts on none of them any more.
func (s *situation) masterTuning() model.Tuning {
	t := model.Tuning{Priority: holderPriority, ServeStale: s.Config.ServeStale, MaxLag: s.Config.MaxLag}
	replicas := s.Self.Redis.OnlineReplicas
	if s.seen && !s.countsOnSilent() {
		replicas = min(replicas, s.Self.Redis.HeardReplicas)
	}
	if replicas >= 2 {
		t.MinReplicas = s.Config.MinReplicas
	}
	return t
}
