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
// group, until the context ends. Only a master's agent listens: a Sentinel serves many groups, and its connections are counted. Another
// set, or another name for the group, makes it begin anew.
func (o *Observer) Elections(ctx context.Context, heard func()) {
	for ctx.Err() == nil {
		o.listen(ctx, o.settings(), heard)
	}
}

// listen listens to the Sentinels of these settings until there are others, or the context ends.
func (o *Observer) listen(ctx context.Context, s contract.GroupSettings, heard func()) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var all loop.Together
	for i := range max(s.Sentinels.Replicas, 0) {
		all.Go(func() {
			for ctx.Err() == nil {
				if address, ok := o.names.Address(name(s.Sentinels, i), s.Sentinels.Port, false); ok {
					group := contract.GroupName(o.group.Namespace, o.group.StatefulSet, s.MasterName, true)
					redisio.ListenForElections(ctx, o.clients.To(address, model.Credential{}), group, heard)
				}
				loop.Pause(ctx, listenAgain)
			}
		})
	}
	for now := s; ctx.Err() == nil && now.Sentinels == s.Sentinels && now.MasterName == s.MasterName; now = o.settings() {
		loop.Pause(ctx, listenAgain)
	}
	stop()
	all.Wait()
}
