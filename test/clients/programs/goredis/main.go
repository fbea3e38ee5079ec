// SPDX-License-Identifier: Apache-2.0

// Command goredis writes numbered keys with go-redis until it is told to end, and tells what became of each.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"
)

var (
	server   = os.Getenv("SERVER")
	master   = os.Getenv("MASTER")
	password = os.Getenv("PASSWORD")
	name     = os.Getenv("NAME")
)

func sentinelDefaults() *redis.Client {
	return redis.NewFailoverClient(&redis.FailoverOptions{MasterName: master, SentinelAddrs: []string{server}, Password: password, ClientName: name})
}

func serviceDefaults() *redis.Client {
	return redis.NewClient(&redis.Options{Addr: server, Password: password, ClientName: name})
}

// sample: sentinel
func sentinelRecommended() *redis.Client {
	return redis.NewFailoverClient(&redis.FailoverOptions{
		MasterName:      master,
		SentinelAddrs:   []string{server},
		Password:        password,
		ClientName:      name,
		DialTimeout:     time.Second,     // the address of a pod that is gone answers nothing at all
		ReadTimeout:     3 * time.Second, // longer than writes are held back in a handover
		MaxRetries:      20,
		MinRetryBackoff: 20 * time.Millisecond,
		MaxRetryBackoff: 500 * time.Millisecond,
	})
}

// end

// sample: service
func serviceRecommended() *redis.Client {
	return redis.NewClient(&redis.Options{
		Addr:            server,
		Password:        password,
		ClientName:      name,
		DialTimeout:     time.Second,
		ReadTimeout:     3 * time.Second,
		MaxRetries:      20,
		MinRetryBackoff: 20 * time.Millisecond,
		MaxRetryBackoff: 500 * time.Millisecond,
	})
}

// end

func main() {
	redis.SetLogger(silent{})
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	clients := map[string]func() *redis.Client{
		"sentinel_defaults": sentinelDefaults, "service_defaults": serviceDefaults,
		"sentinel_recommended": sentinelRecommended, "service_recommended": serviceRecommended,
	}
	client := clients[os.Getenv("WAY")+"_"+os.Getenv("SETTINGS")]()
	rate, err := strconv.Atoi(os.Getenv("RATE"))
	if err != nil {
		fmt.Fprintln(os.Stderr, "goredis: reading RATE:", err)
		os.Exit(1)
	}
	ticks := time.NewTicker(time.Second / time.Duration(rate))
	defer ticks.Stop()
	var number atomic.Int64
	var writing sync.WaitGroup
	for range 4 {
		writing.Go(func() {
			for {
				select {
				case <-ctx.Done():
					return
				case <-ticks.C:
					n := number.Add(1)
					tell(n, client.Set(ctx, os.Getenv("PREFIX")+strconv.FormatInt(n, 10), n, 0).Err())
				}
			}
		})
	}
	writing.Wait()
}

// tell prints what became of a write, in one call, so that lines stay whole.
func tell(number int64, err error) {
	line := map[string]any{"n": number, "at": time.Now().UnixMilli()}
	if err != nil {
		line["error"] = err.Error()
	}
	text, err := json.Marshal(line)
	if err == nil {
		_, err = os.Stdout.Write(append(text, '\n'))
	}
	if err != nil {
		os.Exit(1) // nobody listens
	}
}

// silent drops what the library logs: what matters is what a write sees.
type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}
