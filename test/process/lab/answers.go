// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"context"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// Answer is a change of the address that one Sentinel gives to clients.
type Answer struct {
	Sentinel string
	Master   string
	At       time.Time
}

// Answers asks every Sentinel of the scene all the time and records each change; silence too, as an empty address.
type Answers struct {
	stop context.CancelFunc
	done sync.WaitGroup
	mu   sync.Mutex
	all  []Answer
}

// askEvery is the resolution of Answers.
const askEvery = 20 * time.Millisecond

// ListenTo starts asking what the Sentinels, present and future, answer for the group.
func (s *Scene) ListenTo(group *Set) *Answers {
	ctx, stop := context.WithCancel(s.context())
	a := &Answers{stop: stop}
	for n := range s.Sentinels.Pods {
		a.done.Go(func() { a.ask(ctx, s.Sentinels, n, group) })
	}
	return a
}

func (a *Answers) ask(ctx context.Context, sentinels *Set, ordinal int, group *Set) {
	last, name := "-", sentinels.Name+"-"+string(rune('0'+ordinal))
	var client *redis.Client
	var of *Pod
	for ; ctx.Err() == nil; time.Sleep(askEvery) {
		pod := sentinels.pod(ordinal)
		if pod != of && client != nil {
			_ = client.Close()
			client = nil
		}
		if of = pod; pod == nil {
			continue
		}
		if client == nil {
			client = pod.Redis()
		}
		words, err := client.Do(ctx, "sentinel", "get-master-addr-by-name", group.MasterName()).StringSlice()
		named := ""
		if err == nil && len(words) == 2 {
			named = words[0]
		}
		if named != last && ctx.Err() == nil {
			a.mu.Lock()
			a.all = append(a.all, Answer{name, named, time.Now()})
			a.mu.Unlock()
			last = named
		}
	}
	if client != nil {
		_ = client.Close()
	}
}

// Stop returns all changes in the order of time.
func (a *Answers) Stop() []Answer {
	a.stop()
	a.done.Wait()
	return a.all
}

// Others are the answers that are neither empty nor one of the given addresses.
func Others(answers []Answer, right ...string) []Answer {
	var wrong []Answer
	for _, answer := range answers {
		known := answer.Master == ""
		for _, address := range right {
			known = known || answer.Master == address
		}
		if !known {
			wrong = append(wrong, answer)
		}
	}
	return wrong
}
