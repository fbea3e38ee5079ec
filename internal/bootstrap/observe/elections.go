// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/loop"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/redisio"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// listenAgain is the pause between two attempts to listen to a Sentinel.
const listenAgain = 500 * time.Millisecond

// Elections listens to every Sentinel of the set, each beside the others, and calls heard when one says that it leads a failover of my
// group, until the context ends. Only a master's agent listens: a Sentinel serves many groups, and its connections are counted.
func (o *Observer) Elections(ctx context.Context, heard func()) {
	var all loop.Together
	for i := range max(o.settings().Sentinels.Replicas, 0) {
		all.Go(func() {
			for ctx.Err() == nil {
				s := o.settings()
				if address, ok := o.names.Address(name(s.Sentinels, i), s.Sentinels.Port, false); ok {
					group := contract.GroupName(o.group.Namespace, o.group.StatefulSet, s.MasterName, true)
					redisio.ListenForElections(ctx, o.clients.To(address, model.Credential{}), group, heard)
				}
				loop.Pause(ctx, listenAgain)
			}
		})
	}
	all.Wait()
}
