// SPDX-License-Identifier: Apache-2.0

package redisio

import (
	"context"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide"
)

// Hellos listens on one Redis to what Sentinels publish there, and keeps the greatest current epoch: no reply of a
// Sentinel tells it, and a claim must lie above it.
type Hellos struct{ epoch atomic.Uint64 }

// Epoch is the greatest current epoch heard so far.
func (h *Hellos) Epoch() uint64 { return h.epoch.Load() }

// Listen subscribes until the context ends. The subscription renews itself when the server comes back.
func (h *Hellos) Listen(ctx context.Context, client *redis.Client) {
	sub := client.Subscribe(ctx, helloChannel)
	defer sub.Close() //nolint:errcheck // the connection is of no use afterwards
	messages := sub.Channel(redis.WithChannelHealthCheckInterval(5 * time.Second))
	for {
		select {
		case <-ctx.Done():
			return
		case message, ok := <-messages:
			if !ok {
				return
			}
			h.hear(message.Payload)
		}
	}
}

// hear reads token 3 of a hello: ip,port,runid,current-epoch,group,ip,port,config-epoch
func (h *Hellos) hear(payload string) {
	tokens := strings.Split(payload, ",")
	if len(tokens) < 8 {
		return
	}
	epoch, err := strconv.ParseUint(tokens[3], 10, 64)
	if err != nil || !decide.Believable(epoch, time.Now()) {
		return
	}
	for old := h.epoch.Load(); epoch > old; old = h.epoch.Load() {
		if h.epoch.CompareAndSwap(old, epoch) {
			return
		}
	}
}
