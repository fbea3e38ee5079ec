// SPDX-License-Identifier: Apache-2.0

package redisio

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/loop"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

const minReplicas = "min-replicas-to-write"

// Server is the Redis that the agent runs beside. It is the only one that is commanded.
type Server struct{ client func() *redis.Client }

// NewServer sends commands through a client.
func NewServer(client *redis.Client) Server {
	return Server{client: func() *redis.Client { return client }}
}

// run bounds what is done to the server, and says in its error what that was.
func (s Server) run(ctx context.Context, what string, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, Deadline)
	defer cancel()
	if err := do(ctx); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// order is run for what changes role or writes. All of it goes over one connection, which ends with the process at its other end, and
// only after that has answered on it: a server that hangs would carry it out when it goes on, after the world has changed.
func (s Server) order(ctx context.Context, what string, do func(context.Context, *redis.Conn) error) error {
	return s.run(ctx, what, func(ctx context.Context) (err error) {
		one := s.client().Conn()
		defer func() { err = errors.Join(err, one.Close()) }()
		if err := one.ClientID(ctx).Err(); err != nil {
			return err
		}
		return do(ctx, one)
	})
}

// Ask returns what the server says of itself now.
func (s Server) Ask(ctx context.Context) model.Redis { return Ask(ctx, s.client()) }

// ReplicateFrom makes it a replica of an address. Naming the address that it follows already changes nothing.
func (s Server) ReplicateFrom(ctx context.Context, master model.Address) error {
	return s.order(ctx, "following "+master.String(), func(ctx context.Context, one *redis.Conn) error {
		return one.ReplicaOf(ctx, master.Host, strconv.Itoa(master.Port)).Err()
	})
}

// BecomeMaster promotes the process run: what listens there after a crash is never promoted. Writes are let in last, once the server
// has said that it is master: had it hung, another could lead by then.
func (s Server) BecomeMaster(ctx context.Context, run string) error {
	return s.order(ctx, "promoting", func(ctx context.Context, one *redis.Conn) error {
		text, err := one.Info(ctx, "server").Result()
		if err != nil {
			return err
		}
		if now := fields(text)["run_id"]; now != run {
			return fmt.Errorf("%w: %s answers, and %s was to be", model.ErrAnotherProcess, now, run)
		}
		if err := requireReplicas(ctx, one, model.NoWrites); err != nil {
			return err
		}
		if err := one.ReplicaOf(ctx, "no", "one").Err(); err != nil {
			return err
		}
		if err := one.ClientUnpause(ctx).Err(); err != nil { // an agent may have died in a pause before it was a replica
			return err
		}
		return requireReplicas(ctx, one, 0) // tuning sets it again; a first write needs no replica
	})
}

// DisconnectClients drops the connections of ordinary clients and subscribers, so that they ask Sentinel again.
func (s Server) DisconnectClients(ctx context.Context) error {
	return s.run(ctx, "closing the clients' connections", func(ctx context.Context) error {
		for _, kind := range []string{"normal", "pubsub"} {
			if err := s.client().ClientKillByFilter(ctx, "type", kind).Err(); err != nil {
				return err
			}
		}
		return nil
	})
}

// Reconnect ends the link of a replica to its master, which it makes anew at once.
func (s Server) Reconnect(ctx context.Context) error {
	return s.run(ctx, "ending the link to the master", func(ctx context.Context) error {
		return s.client().ClientKillByFilter(ctx, "type", "master").Err()
	})
}

// PauseWrites holds back every write for at most some time; reads and replication go on. A later, longer pause extends it.
func (s Server) PauseWrites(ctx context.Context, most time.Duration) error {
	return s.order(ctx, "pausing writes", func(ctx context.Context, one *redis.Conn) error {
		return one.Do(ctx, "client", "pause", most.Milliseconds(), "write").Err() // the library knows no pause of writes alone
	})
}

// PauseAtOnce is PauseWrites for a moment in which every millisecond counts: nothing is asked first, and a server that a script keeps is
// told again until it takes the pause or the context ends.
func (s Server) PauseAtOnce(ctx context.Context, most time.Duration) error {
	for {
		err := s.client().Do(ctx, "client", "pause", most.Milliseconds(), "write").Err()
		if err == nil || !busy(err) {
			return err
		}
		loop.Pause(ctx, time.Millisecond)
		if ctx.Err() != nil {
			return fmt.Errorf("pausing writes of a server that is busy: %w", ctx.Err())
		}
	}
}

// ResumeWrites lets the writes that were held back go on.
func (s Server) ResumeWrites(ctx context.Context) error {
	return s.order(ctx, "ending the pause of writes", func(ctx context.Context, one *redis.Conn) error {
		return one.ClientUnpause(ctx).Err()
	})
}

// NeedNoReplicas lets it take writes without replicas; tuning sets what it needs again.
func (s Server) NeedNoReplicas(ctx context.Context) error {
	return s.order(ctx, "letting writes need no replica", func(ctx context.Context, one *redis.Conn) error {
		return requireReplicas(ctx, one, 0)
	})
}

// EndScript ends the script or function that keeps the server busy. One that has written cannot be ended alone; the server ends then,
// without saving, and whoever waits for the script gets no answer.
func (s Server) EndScript(ctx context.Context) error {
	return s.run(ctx, "ending a script", func(ctx context.Context) error {
		var refused redis.Error
		err := s.client().ScriptKill(ctx).Err()
		if errors.As(err, &refused) && strings.HasPrefix(refused.Error(), "NOTBUSY") || err == nil {
			return nil
		}
		if ferr := s.client().FunctionKill(ctx).Err(); ferr == nil {
			return nil
		}
		if errors.As(err, &refused) && strings.HasPrefix(refused.Error(), "UNKILLABLE") {
			return endWithoutSaving(ctx, s.client())
		}
		return err
	})
}

// endWithoutSaving ends a server at once. Those before 7.0 know no NOW, and wait for no replica anyway.
func endWithoutSaving(ctx context.Context, client *redis.Client) error {
	var refused redis.Error
	err := client.Do(ctx, "shutdown", "nosave", "now").Err()
	if errors.As(err, &refused) && !strings.HasPrefix(refused.Error(), "NOPERM") {
		err = client.Do(ctx, "shutdown", "nosave").Err()
	}
	if errors.As(err, &refused) {
		return err
	}
	return nil // no answer is the answer
}

func requireReplicas(ctx context.Context, one *redis.Conn, replicas int) error {
	return one.ConfigSet(ctx, minReplicas, strconv.Itoa(replicas)).Err()
}

// Tune sets what differs from the wanted values.
func (s Server) Tune(ctx context.Context, want model.Tuning) error {
	ctx, cancel := context.WithTimeout(ctx, Deadline)
	defer cancel()
	stale := "no"
	if want.ServeStale {
		stale = "yes"
	}
	for _, option := range [...][2]string{
		{"replica-priority", strconv.Itoa(want.Priority)},
		{"replica-serve-stale-data", stale},
		{"min-replicas-max-lag", strconv.Itoa(want.MaxLag)},
		{minReplicas, strconv.Itoa(want.MinReplicas)},
	} {
		if option[0] == "min-replicas-max-lag" && want.MaxLag == 0 || option[0] == minReplicas && want.MinReplicas == model.AsItIs {
			continue // the one matters to masters only, and the other is not known
		}
		now, err := s.client().ConfigGet(ctx, option[0]).Result()
		if err != nil {
			return fmt.Errorf("reading %s: %w", option[0], err)
		}
		if now[option[0]] == option[1] {
			continue
		}
		if err := s.client().ConfigSet(ctx, option[0], option[1]).Err(); err != nil {
			return fmt.Errorf("setting %s to %s: %w", option[0], option[1], err)
		}
	}
	return nil
}

// Shutdown asks the server to end as SIGTERM does. That its connection ends is the answer.
func (s Server) Shutdown(ctx context.Context) error {
	return s.run(ctx, "ending the server", func(ctx context.Context) error {
		if err := s.client().Do(ctx, "shutdown").Err(); err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
			return err
		}
		return nil
	})
}

// Options reads options of the server, by name.
func (s Server) Options(ctx context.Context, names ...string) (map[string]string, error) {
	out := map[string]string{}
	err := s.run(ctx, "reading options", func(ctx context.Context) error {
		for _, name := range names { // servers before 7.0 take one at a time
			now, err := s.client().ConfigGet(ctx, name).Result()
			if err != nil {
				return err
			}
			out[name] = now[name]
		}
		return nil
	})
	return out, err
}

// SetWhereKnown sets an option that only some versions know; where it is unknown nothing is set, and that is not an error. Redis
// says "Unknown option" since 7.0, and "Unsupported CONFIG parameter" before.
func (s Server) SetWhereKnown(ctx context.Context, name, value string) error {
	return s.run(ctx, "setting "+name, func(ctx context.Context) error {
		err := s.client().ConfigSet(ctx, name, value).Err()
		if err != nil && (strings.Contains(err.Error(), "Unknown option") || strings.Contains(err.Error(), "Unsupported CONFIG parameter")) {
			return nil
		}
		return err
	})
}
