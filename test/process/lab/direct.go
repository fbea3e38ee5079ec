// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
)

// DirectKey is what WriteDirectly writes.
const DirectKey = "written-past-sentinel"

// WriteDirectly writes to one pod all the time, like a client that kept its connection. The returned function ends that, and
// returns when the last write was accepted; zero when none was.
func (s *Scene) WriteDirectly(p *Pod) (end func() time.Time) {
	ctx, stop := context.WithCancel(s.context())
	var done sync.WaitGroup
	var last time.Time
	done.Go(func() {
		client := p.Redis()
		defer client.Close() //nolint:errcheck // nothing depends on it
		for ; ctx.Err() == nil; time.Sleep(10 * time.Millisecond) {
			if client.Set(ctx, DirectKey, 1, 0).Err() == nil {
				last = time.Now()
			}
		}
	})
	return func() time.Time {
		stop()
		done.Wait()
		return last
	}
}

// agentClient talks to the pod's Sentinel with the rights of its agent.
func (p *Pod) agentClient() (*redis.Client, error) {
	password, err := os.ReadFile(filepath.Join(p.root, contract.PrivateDir, "password"))
	if err != nil {
		return nil, fmt.Errorf("reading the agent's password: %w", err)
	}
	options := *p.Redis().Options()
	options.Username, options.Password = "agent", strings.TrimSpace(string(password))
	return redis.NewClient(&options), nil
}

// Failover asks the pod's Sentinel for a failover of its own, as an administrator would.
func (p *Pod) Failover(ctx context.Context, group *Set) error {
	client, err := p.agentClient()
	if err != nil {
		return err
	}
	defer client.Close() //nolint:errcheck // it was for one command
	// A Sentinel that has not read yet that the replicas are in sync says that it has none that is good.
	const reading = 10 * time.Second
	_, err = world.Until(ctx, reading, p.Name+" to begin a failover", func(ctx context.Context) string {
		if refused := client.Do(ctx, "sentinel", "failover", group.MasterName()).Err(); refused != nil {
			return refused.Error()
		}
		return ""
	})
	return err
}
