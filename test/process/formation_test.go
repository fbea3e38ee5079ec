// SPDX-License-Identifier: Apache-2.0

package process

import (
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/process/lab"
)

// group starts Sentinels and a group of three, and waits until it is formed.
func group(s *lab.Scene, o lab.Options) (*lab.Set, *lab.Pod) {
	s.T.Helper()
	s.StartSentinels()
	if o.Name == "" {
		o.Name = "redis"
	}
	if o.Replicas == 0 {
		o.Replicas = 3
	}
	set := s.Set(o)
	set.StartAll()
	if s.T.Failed() {
		s.T.FailNow()
	}
	return set, set.WaitFormed(30 * time.Second)
}

func TestFormation(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *lab.Scene) {
		set, _ := group(s, lab.Options{})
		if took := set.Writable(5 * time.Second); took > 2*time.Second {
			t.Errorf("the first write took %s", took)
		}
	})
}

// twoChannels are the settings with which a full sync uses a second connection, by the product that has it.
var twoChannels = map[string]string{
	"redis-8.0.2":  "repl-rdb-channel yes\nrepl-diskless-sync yes\n",
	"valkey-8.1.1": "dual-channel-replication-enabled yes\nrepl-diskless-sync yes\n",
	"valkey-9.1.2": "dual-channel-replication-enabled yes\nrepl-diskless-sync yes\n",
}

// TestSecondChannelOfASync: the user that a replica presents may use it.
func TestSecondChannelOfASync(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *lab.Scene) {
		conf, has := twoChannels[s.Server.Name]
		if !has {
			conf = "repl-diskless-sync yes\n"
		}
		set, _ := group(s, lab.Options{Conf: conf})
		fill(s, set, 100)
		late := set.Replica()
		late.Delete()
		set.Start(late.Ordinal) // empty, so that it needs all of the data
		set.WaitFormed(stalled)
		filled(s, set, 100)
	})
}
