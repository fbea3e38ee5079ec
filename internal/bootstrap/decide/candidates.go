// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"slices"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// candidates are the ordinals that may hold the group's data: those with a pod, and those whose volume claim exists and whose
// pod the StatefulSet would create.
func (s *situation) candidates() []int {
	ordinals := make([]int, 0, s.size()+len(s.VolumeClaims))
	for i := range s.size() {
		ordinals = append(ordinals, s.pod(i).Ordinal)
	}
	for _, o := range s.VolumeClaims {
		if s.wanted(o) {
			ordinals = append(ordinals, o)
		}
	}
	slices.Sort(ordinals)
	return slices.Compact(ordinals)
}

// wanted reports whether the StatefulSet has a pod of this ordinal, as far as is known.
func (s *situation) wanted(ordinal int) bool {
	return ordinal >= s.FirstOrdinal && (s.Replicas < 0 || ordinal < s.FirstOrdinal+s.Replicas)
}

// unheard are the candidates whose Redis has not answered with its data; what a server that is too old holds can lead only once
// it is back as a newer one, and what a pod holds that ends only once another has its volume.
func (s *situation) unheard() []int {
	return slices.DeleteFunc(s.candidates(), func(o int) bool {
		p, exists := s.podOf(o)
		return exists && p.Redis.Answer == model.Up && !p.Redis.TooOld && !s.returnsAhead(p)
	})
}

// returnsAhead reports whether the data of a pod that ends is worth more than that of each that may lead, and is on a volume that stays.
func (s *situation) returnsAhead(p *model.Pod) bool {
	if !p.Terminating || !p.Injected || p.VolumeClaim == p.UID || !s.isMember(p) {
		return false
	}
	rivals := s.eligible()
	return len(rivals) > 0 && !slices.ContainsFunc(rivals, func(other model.Pod) bool { return s.compareData(p, &other) <= 0 })
}

// allHeard reports whether every candidate answered with its data.
func (s *situation) allHeard() bool { return len(s.unheard()) == 0 }

// eligible are the pods with an agent whose Redis answered and is new enough, and that are not terminating, by ordinal.
func (s *situation) eligible() []model.Pod {
	pods := make([]model.Pod, 0, s.size())
	for i := range s.size() {
		if p := s.pod(i); p.Injected && !p.Terminating && p.Redis.Answer == model.Up && !p.Redis.TooOld {
			pods = append(pods, *p)
		}
	}
	slices.SortFunc(pods, func(a, b model.Pod) int { return a.Ordinal - b.Ordinal })
	return pods
}

// plainPods are the existing pods of the StatefulSet that have no agent yet, by ordinal.
func (s *situation) plainPods() []model.Pod {
	var pods []model.Pod
	for i := range s.Peers {
		if !s.Peers[i].Injected {
			pods = append(pods, s.Peers[i])
		}
	}
	slices.SortFunc(pods, func(a, b model.Pod) int { return a.Ordinal - b.Ordinal })
	return pods
}

// named finds the pod with a name among some; false where there is none, or the name is empty.
func named(pods []model.Pod, name string) (model.Pod, bool) {
	for _, p := range pods {
		if name != "" && p.Name == name {
			return p, true
		}
	}
	return model.Pod{}, false
}
