// SPDX-License-Identifier: Apache-2.0

package process

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/redisconf"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/process/lab"
)

// TestAttackHelloOnMyOwnRedis: a tenant says on his own Redis, as his clients may, that another tenant's master is a server of his.
// First version: 564 of 567 answers for the victim named it.
func TestAttackHelloOnMyOwnRedis(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *lab.Scene) {
		victim, master := group(s, lab.Options{Name: "victim"})
		mine := s.Set(lab.Options{Name: "mine", Replicas: 3})
		mine.StartAll()
		server := mine.WaitFormed(stalled)
		answers := watchAnswers(t, s, victim)
		peer := s.Sentinels.Pods[0]
		far := model.NextEpoch(s.Start.Add(model.BelievableAhead), 0)
		hello := fmt.Sprintf("%s,26379,%s,%d,%s,%s,6379,%d", peer.Address, strings.Repeat("a", 40), far, victim.MasterName(), server.Address, far)
		for _, attempt := range [][]any{
			{"publish", redisconf.HelloChannel, hello},
			{"eval", "return redis.call('publish', KEYS[1], ARGV[1])", 1, redisconf.HelloChannel, hello},
		} {
			if said, err := server.Do(t.Context(), attempt...); err == nil {
				t.Errorf("%v was let through: %v", attempt[0], said)
			}
		}
		unmoved(s, victim, master, lab.DownAfter+failover)
		answers(master)
	})
}

// TestAttackEpochOfTheEndOfNumbers: somebody who gets past the users of a Redis (a server older than 7.0, an image of his own) says
// there a current epoch after which no Sentinel could ever win an election. First version: no failover ever again, also after the
// group was forgotten and known again.
func TestAttackEpochOfTheEndOfNumbers(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *lab.Scene) {
		victim, master := group(s, lab.Options{Name: "victim"})
		answers := watchAnswers(t, s, victim)
		poison(t, victim, master)
		awaitEvent(s, "EpochPoisoned")
		until(s, stalled, "every Sentinel to have an epoch that can be believed", func(context.Context) string {
			for _, p := range s.Sentinels.Live() {
				if epoch := p.CurrentEpoch(); !model.Recordable(epoch, s.Now()) || epoch == 0 {
					return fmt.Sprintf("%s has %d", p.Name, epoch)
				}
			}
			return ""
		})
		victim.WaitFormed(stalled)
		answers(master)
		electOther(s, victim, master)
		victim.WaitFormed(stalled)
	})
}

// poison says on a Redis, as two Sentinels would, a current epoch at the end of the number range.
func poison(t *testing.T, victim *lab.Set, on *lab.Pod) {
	t.Helper()
	agent := redis.NewClient(&redis.Options{
		Addr: on.Redis().Options().Addr, Username: contract.AgentUser, Password: on.File(contract.PrivateDir + "/password"), Protocol: 2, DisableIdentity: true,
	})
	defer agent.Close() //nolint:errcheck // it was for this
	for i, id := range []string{strings.Repeat("a", 40), strings.Repeat("b", 40)} {
		hello := fmt.Sprintf("10.66.66.%d,26379,%s,18446744073709551615,%s,%s,6379,1", i+1, id, victim.MasterName(), on.Address)
		must(t, agent.Publish(t.Context(), redisconf.HelloChannel, hello).Err())
	}
}

// watchAnswers asks every Sentinel again and again whom it names. The function that it returns ends that, fails the test where
// one of them named another than the master, and gives how often which address was named.
func watchAnswers(t *testing.T, s *lab.Scene, victim *lab.Set) func(master *lab.Pod) map[string]int {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	said := make(chan map[string]int, 1)
	go func() {
		counts := map[string]int{}
		for ctx.Err() == nil {
			for _, p := range s.Sentinels.Live() {
				counts[p.Named(ctx, victim)]++
			}
		}
		said <- counts
	}()
	return func(master *lab.Pod) map[string]int {
		t.Helper()
		cancel()
		counts := <-said
		t.Logf("answers: %v", counts)
		for named, n := range counts {
			if named != "" && named != master.Address.String() {
				t.Errorf("%d answers named %s", n, named)
			}
		}
		if counts[master.Address.String()] == 0 {
			t.Error("nobody named the master")
		}
		return counts
	}
}
