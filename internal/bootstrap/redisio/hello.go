// SPDX-License-Identifier: Apache-2.0

package redisio

import (
	"context"
	"errors"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/loop"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// Hellos listens on one Redis to what Sentinels publish there, and keeps the greatest current epoch: no reply of a Sentinel
// contains it, and a claim must be above it.
type Hellos struct{ epoch atomic.Uint64 }

// Epoch is the greatest current epoch heard so far.
func (h *Hellos) Epoch() uint64 { return h.epoch.Load() }

const (
	// longestHello is what Sentinel itself reads of one.
	longestHello = 1024
	// quiet is how long no message may come before the server is asked whether the subscription is still there.
	quiet = 5 * time.Second
	// resubscribe is the pause between two attempts to reach a server that is down.
	resubscribe = 100 * time.Millisecond
)

// Listen subscribes until the context ends, and calls changed when the connection breaks or is back: it is the first sign of a
// process that dies, and of one that has just started.
func (h *Hellos) Listen(ctx context.Context, client *redis.Client, changed func()) {
	sub := client.Subscribe(ctx, helloChannel)
	defer sub.Close()                                          //nolint:errcheck // the connection is of no use afterwards
	stop := context.AfterFunc(ctx, func() { _ = sub.Close() }) // the library reads on until its own deadline
	defer stop()
	stands := false
	for ctx.Err() == nil {
		message, err := sub.ReceiveTimeout(ctx, quiet)
		if late := net.Error(nil); errors.As(err, &late) && late.Timeout() {
			err = sub.Ping(ctx)
		}
		if stands != (err == nil) {
			stands = err == nil
			changed()
		}
		if err != nil {
			loop.Pause(ctx, resubscribe)
		}
		if hello, ok := message.(*redis.Message); ok {
			h.hear(hello.Payload)
		}
	}
}

// hear reads token 3 of a hello: ip,port,runid,current-epoch,group,ip,port,config-epoch
func (h *Hellos) hear(payload string) {
	if len(payload) > longestHello {
		return
	}
	tokens := strings.Split(payload, ",")
	if len(tokens) < 8 {
		return
	}
	epoch, err := strconv.ParseUint(tokens[3], 10, 64)
	if err != nil || !model.Believable(epoch, time.Now()) {
		return
	}
	for old := h.epoch.Load(); epoch > old; old = h.epoch.Load() {
		if h.epoch.CompareAndSwap(old, epoch) {
			return
		}
	}
}
