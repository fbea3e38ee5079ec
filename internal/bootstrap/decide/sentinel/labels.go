// SPDX-License-Identifier: Apache-2.0

package sentinel

import (
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// roleLabels returns the role label that each pod should have. A silent replica keeps its label; a silent former master does
// not, for a Service would send writes to it.
func (s *situation) roleLabels() map[string]string {
	labels := make(map[string]string, len(s.Pods))
	for i := range s.Pods {
		p := &s.Pods[i]
		holder := p.UID == s.Record.PodUID
		switch {
		case holder && isMaster(p):
			labels[p.Name] = contract.RoleMaster
		case holder || p.Terminating:
			labels[p.Name] = ""
		case s.inSync(p):
			labels[p.Name] = contract.RoleReplica
		case p.Redis.Answer == model.Silent && p.Label != contract.RoleMaster:
			labels[p.Name] = p.Label
		default:
			labels[p.Name] = ""
		}
	}
	return labels
}
