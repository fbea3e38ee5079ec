// SPDX-License-Identifier: Apache-2.0

package redisio

import (
	"context"
	"errors"
	"net"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// switches are the messages of a Sentinel after which its group should be observed again.
var switches = []string{"+switch-master", "+promoted-slave", "+failover-end", "+config-update-from", "-failover-abort-*", "+sentinel", "+slave", "+reboot"}

// newEpoch is the message of a Sentinel that its current epoch was raised.
const newEpoch = "+new-epoch"

// ListenForSwitches calls wake with the name of the group that a message of the Sentinel is about, and raised when its current epoch
// was raised, until the context ends. Messages may be lost: they are only wake-ups, the state is read again.
func ListenForSwitches(ctx context.Context, client *redis.Client, wake func(group string), raised func()) {
	sub := client.PSubscribe(ctx, append([]string{newEpoch}, switches...)...)
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
			if message.Channel == newEpoch {
				raised()
				continue
			}
			wake(groupOf(message.Channel, message.Payload))
		}
	}
}

// groupOf finds the group in a payload: "<group> …" for +switch-master, "master <group> …" or "… @ <group> …" otherwise.
func groupOf(channel, payload string) string {
	words := strings.Fields(payload)
	if channel == "+switch-master" && len(words) > 0 {
		return words[0]
	}
	if len(words) > 1 && words[0] == "master" {
		return words[1]
	}
	if _, after, ok := strings.Cut(payload, " @ "); ok {
		if words = strings.Fields(after); len(words) > 0 {
			return words[0]
		}
	}
	return ""
}

// Answers reports whether a server answers a PING.
func Answers(ctx context.Context, client *redis.Client) bool {
	ctx, cancel := context.WithTimeout(ctx, Deadline)
	defer cancel()
	return client.Ping(ctx).Err() == nil
}

// Groups lists the names of the groups that a Sentinel monitors; false when it does not answer.
func Groups(ctx context.Context, client *redis.Client) ([]string, bool) {
	ctx, cancel := context.WithTimeout(ctx, Deadline)
	defer cancel()
	masters := redis.NewMapStringStringSliceCmd(ctx, "sentinel", "masters")
	if err := client.Process(ctx, masters); err != nil {
		return nil, false
	}
	var names []string
	for _, m := range masters.Val() {
		names = append(names, m["name"])
	}
	return names, true
}

// elected is the message of a Sentinel that it has been elected to lead a failover, or was told to. It promotes a replica about 0.1 s
// later.
const elected = "+elected-leader"

// ListenForElections calls heard whenever a Sentinel says that it leads a failover of a group, until the context or the connection ends.
func ListenForElections(ctx context.Context, client *redis.Client, group string, heard func()) {
	listenForElections(ctx, client, group, quiet, heard)
}

// listenForElections asks whether the connection lives when nothing has come for a while, and ends when nothing comes of that either.
func listenForElections(ctx context.Context, client *redis.Client, group string, quiet time.Duration, heard func()) {
	sub := client.Subscribe(ctx, elected)
	defer sub.Close() //nolint:errcheck // the connection is of no use afterwards
	stop := context.AfterFunc(ctx, func() { _ = sub.Close() })
	defer stop()
	for asked := false; ctx.Err() == nil; {
		message, err := sub.ReceiveTimeout(ctx, quiet)
		if late := net.Error(nil); errors.As(err, &late) && late.Timeout() && !asked {
			asked, err = true, sub.Ping(ctx)
		} else {
			asked = false
		}
		if err != nil { // also where nothing answers a question: the connection is dead, and TCP may not say so for minutes
			return
		}
		if m, ok := message.(*redis.Message); ok && groupOf(m.Channel, m.Payload) == group {
			heard()
		}
	}
}
