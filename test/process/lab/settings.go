// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/mutate"
)

// Resettle does what the webhook does when the settings of a group change while its pods run.
func (set *Set) Resettle(change func(s *contract.GroupSettings)) {
	s := set.scene
	s.T.Helper()
	if err := s.provisioner.Repair(s.context(), set.changed(change)); err != nil {
		s.T.Fatal(err)
	}
}

func (set *Set) changed(change func(s *contract.GroupSettings)) mutate.Group {
	set.mu.Lock()
	defer set.mu.Unlock()
	change(&set.group.Settings)
	return *set.group
}
