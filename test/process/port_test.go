// SPDX-License-Identifier: Apache-2.0

package process

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/process/lab"
)

// call asks the agent of a pod for a page, as whoever reaches its port can; status 0 where there was no answer.
func call(ctx context.Context, p *lab.Pod, method, path, token string) (status int, text string) {
	request, err := http.NewRequestWithContext(ctx, method, fmt.Sprintf("http://%s:%d%s", p.Address, contract.AgentPort, path), http.NoBody)
	if err != nil {
		return 0, err.Error()
	}
	request.Header.Set(contract.HookHeader, token)
	client := http.Client{Timeout: 15 * time.Second}
	response, err := client.Do(request)
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close() //nolint:errcheck // read only
	body, _ := io.ReadAll(response.Body)
	return response.StatusCode, string(body)
}

// TestAttackPokes: whoever reaches the ports tells every agent of a group, without a pause, that something has happened. First version:
// a Redis answered 536 commands a second instead of 13.
func TestAttackPokes(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *lab.Scene) {
		set, master := group(s, lab.Options{})
		const during = 6 * time.Second
		perSecond := func() float64 {
			total := func() float64 {
				n, err := strconv.ParseFloat(master.Info(t.Context(), "total_commands_processed"), 64)
				must(t, err)
				return n
			}
			before, began := total(), time.Now()
			time.Sleep(during) // what is measured is a rate
			return (total() - before) / time.Since(began).Seconds()
		}
		rest := perSecond()
		ctx, cancel := context.WithCancel(t.Context())
		var pokers sync.WaitGroup
		for _, p := range append(set.Live(), s.Sentinels.Live()...) {
			pokers.Go(func() {
				for ctx.Err() == nil {
					call(ctx, p, http.MethodPost, contract.PathNotify, "")
				}
			})
		}
		poked := perSecond()
		cancel()
		pokers.Wait()
		s.Logf("%.0f commands a second at rest, %.0f under pokes", rest, poked)
		if poked > 5*rest+20 {
			t.Errorf("pokes raise a Redis from %.0f to %.0f commands a second", rest, poked)
		}
		unmoved(s, set, master, lab.DownAfter)
	})
}

// TestAttackNamesOfTenants: a pod of somebody else's asks the agents of the Sentinels what they know. First version: all groups of all
// tenants, with their masters.
func TestAttackNamesOfTenants(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *lab.Scene) {
		victim, master := group(s, lab.Options{Name: "victim"})
		for _, p := range s.Sentinels.Live() {
			for _, path := range []string{contract.PathStatus, contract.PathMetrics, contract.PathReady, contract.PathStarted} {
				status, text := call(t.Context(), p, http.MethodGet, path, "")
				if status != http.StatusOK {
					t.Errorf("%s of %s: %d %s", path, p.Name, status, text)
				}
				for _, name := range []string{victim.MasterName(), master.Name, master.Address.String(), "victim"} {
					if strings.Contains(text, name) {
						t.Errorf("%s of %s tells everybody of %s:\n%s", path, p.Name, name, text)
					}
				}
			}
		}
	})
}

// TestAttackStolenHookToken: whoever may view pods reads the token of the master's hook in its specification, and calls the hook
// again and again; others guess one. First version: calls moved the mastership
// whenever there was one to move.
func TestAttackStolenHookToken(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *lab.Scene) {
		set, master := group(s, lab.Options{})
		fill(s, set, 50)
		for _, guess := range []string{"", strings.Repeat("0", 64)} {
			if status, text := call(t.Context(), master, http.MethodGet, contract.PathPreStop, guess); status != http.StatusForbidden {
				t.Errorf("the token %q: %d %s", guess, status, text)
			}
		}
		unmoved(s, set, master, lab.DownAfter)
		pod, err := s.Client.CoreV1().Pods(s.Namespace).Get(t.Context(), master.Name, metav1.GetOptions{})
		must(t, err)
		token := pod.Spec.Containers[0].Lifecycle.PreStop.HTTPGet.HTTPHeaders[0].Value
		if status, text := call(t.Context(), master, http.MethodGet, contract.PathPreStop, token); status != http.StatusNoContent {
			t.Errorf("the first call with the token: %d %s", status, text)
		}
		if set.WaitFormed(stalled) == master {
			t.Error("the hook gave nothing away: this test shows nothing")
		}
		until(s, stalled, "the departure to be over, and the next one to be refused", func(ctx context.Context) string {
			if status, text := call(ctx, master, http.MethodGet, contract.PathPreStop, token); status != http.StatusTooManyRequests {
				return fmt.Sprintf("the hook answers %d %s", status, text)
			}
			return ""
		})
		failBack(s, set, master) // there is something to give away again
		for range 5 {
			if status, text := call(t.Context(), master, http.MethodGet, contract.PathPreStop, token); status != http.StatusTooManyRequests {
				t.Errorf("called again: %d %s", status, text)
			}
		}
		unmoved(s, set, master, lab.DownAfter)
		filled(s, set, 50)
	})
}

// failBack has Sentinels elect one pod: the only one that they can, because the servers of all others are down meanwhile. Of several
// replicas with one offset they take the one with the least run id, which may never be the wanted one.
func failBack(s *lab.Scene, set *lab.Set, wanted *lab.Pod) {
	s.T.Helper()
	master := set.Master()
	if master == wanted {
		return
	}
	var others []*lab.Pod
	for _, p := range set.Live() {
		if p != wanted && p != master {
			others = append(others, p)
			p.CrashServer(true)
		}
	}
	electOther(s, set, master)
	for _, p := range others {
		p.Release()
	}
	if now := set.WaitFormed(stalled); now != wanted {
		s.T.Fatalf("%s is master, %s should be", now.Name, wanted.Name)
	}
}

// electOther has Sentinels elect another master. Who is asked is asked again when nothing came of it: a Sentinel that is being rebuilt
// forgets what it was asked for.
func electOther(s *lab.Scene, set *lab.Set, master *lab.Pod) {
	s.T.Helper()
	const patience = 5 * time.Second
	var asked time.Time
	until(s, stalled, "a failover of the Sentinels", func(ctx context.Context) string {
		if now := set.Master(); now != nil && now != master {
			return ""
		}
		if time.Since(asked) > patience {
			if err := s.Sentinels.Pods[0].Failover(ctx, set); err != nil {
				return err.Error()
			}
			asked = time.Now()
		}
		return "none yet"
	})
}
