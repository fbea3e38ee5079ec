// SPDX-License-Identifier: Apache-2.0

package process

import (
	"context"
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/process/lab"
)

// TestTokenOfAnAccountThatIsGone: the service account is deleted and made again. The agents say that their tokens are refused, which is not
// an API that is away; Sentinel fails over meanwhile, and with new tokens everything is as before.
func TestTokenOfAnAccountThatIsGone(t *testing.T) {
	oneVersion(t, "redis-7.0.15", func(t *testing.T, s *lab.Scene) {
		set, old := group(s, lab.Options{})
		fill(s, set, 100)
		set.RenewAccount()
		for _, p := range set.Live() { // what the API server knew a moment ago it believes for a while
			until(s, 2*stalled, p.Name+" to say that its token is refused", func(ctx context.Context) string {
				if !p.TokenRefused(ctx) {
					return "it does not"
				}
				return ""
			})
		}
		old.CrashServer(true)
		takenOver(s, set, old)
		forEach(set.Live(), (*lab.Pod).RenewToken)
		old.Release()
		set.WaitFormed(stalled)
		for _, p := range set.Live() {
			until(s, stalled, p.Name+" to be let in again", func(ctx context.Context) string {
				if p.TokenRefused(ctx) {
					return "its token is refused"
				}
				return ""
			})
		}
		filled(s, set, 100)
	})
}

// TestTokenOfTheSentinels: the same for the account of a Sentinel set. Its agents say so as soon as they want something of the API, and the
// Sentinels serve their clients meanwhile.
func TestTokenOfTheSentinels(t *testing.T) {
	oneVersion(t, "redis-7.0.15", func(t *testing.T, s *lab.Scene) {
		set, old := group(s, lab.Options{})
		fill(s, set, 100)
		s.Sentinels.RenewAccount()
		time.Sleep(believed)
		old.CrashServer(false)
		for _, p := range s.Sentinels.Live() {
			until(s, stalled, p.Name+" to say that its token is refused", func(ctx context.Context) string {
				if !p.TokenRefused(ctx) {
					return "it does not"
				}
				return ""
			})
			if !p.Ready() {
				t.Errorf("%s is not ready", p.Name)
			}
		}
		forEach(s.Sentinels.Live(), (*lab.Pod).RenewToken)
		for _, p := range s.Sentinels.Live() {
			until(s, 2*stalled, p.Name+" to be let in again", func(ctx context.Context) string {
				if p.TokenRefused(ctx) {
					return "its token is refused"
				}
				return ""
			})
		}
		set.WaitFormed(stalled)
		filled(s, set, 100)
	})
}

// believed is for how long an API server believes in a token that it has just looked at.
const believed = 15 * time.Second
