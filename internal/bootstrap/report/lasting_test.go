// SPDX-License-Identifier: Apache-2.0

package report

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/environment"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// TestWhatLiesAroundIsToldOnceItLasts: a replica older than its master, Sentinels that do not answer, and a master that they do not watch.
func TestWhatLiesAroundIsToldOnceItLasts(t *testing.T) {
	me, other := model.Address{Host: "10.0.0.1", Port: 6379}, model.Address{Host: "10.0.0.2", Port: 6379}
	replica := model.Redis{Answer: model.Up, Role: model.Replica, Following: other, Version: model.Version{Major: 7}}
	master := model.Redis{Answer: model.Up, Role: model.Master, Version: model.Version{Major: 8}}
	watching := model.Sentinel{Name: "s-0.s.system", Answered: true, Monitors: true, Address: me}
	for name, c := range map[string]struct {
		view model.View
		want string
	}{
		"an older replica": {model.View{Self: model.Pod{Address: me, Redis: replica}, Peers: []model.Pod{{Name: "redis-1", Address: other, Redis: master}}}, "OlderThanMaster: This Redis 7.0 follows Redis 8.0 of redis-1"},
		"in sync all the same": {func() model.View {
			linked := replica
			linked.LinkUp = true
			return model.View{Self: model.Pod{Address: me, Redis: linked}, Peers: []model.Pod{{Name: "redis-1", Address: other, Redis: master}}}
		}(), ""},
		"a newer replica":        {model.View{Self: model.Pod{Address: me, Redis: model.Redis{Answer: model.Up, Role: model.Replica, Following: other, Version: model.Version{Major: 8, Minor: 2}}}, Peers: []model.Pod{{Name: "redis-1", Address: other, Redis: master}}}, ""},
		"Sentinels out of reach": {model.View{API: true, Self: model.Pod{Address: me, Redis: replica}, Sentinels: []model.Sentinel{{Name: "s-0.s.system"}, {Name: "s-1.s.system"}}}, "SentinelsUnreached: None of the Sentinels (s-0.s.system and its 1 peers) answers this pod at port 26379"},
		"the API is away too":    {model.View{Self: model.Pod{Address: me, Redis: replica}, Sentinels: []model.Sentinel{{Name: "s-0.s.system"}}}, ""},
		"a master nobody watches": {
			model.View{Self: model.Pod{Address: me, Redis: master}, Record: model.Record{Known: true, Address: me}, Sentinels: []model.Sentinel{{Name: "s-0.s.system", Answered: true}}},
			"NotWatched: The Sentinels (s-0.s.system and its 0 peers) answer, and none of them watches this master, 10.0.0.1:6379",
		},
		"a master that is watched":      {model.View{Self: model.Pod{Address: me, Redis: master}, Record: model.Record{Known: true, Address: me}, Sentinels: []model.Sentinel{{Answered: true}, watching}}, ""},
		"a master of whom nobody knows": {model.View{Self: model.Pod{Address: me, Redis: master}, Record: model.Record{Known: true, Address: other}, Sentinels: []model.Sentinel{{Answered: true}}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			client := fake.NewClientset()
			env := environment.Environment{Namespace: "ns", PodName: "redis-0", PodUID: "uid-0", Log: slog.New(slog.DiscardHandler)}
			env.Settings.Redis = &contract.RedisSettings{Group: contract.GroupSettings{Sentinels: contract.SentinelSet{Port: 26379}}}
			e := &events{client: client, env: env, spawn: func(do func(context.Context)) { do(t.Context()) }}
			began := time.Now()
			told := func(after time.Duration) (text string) {
				c.view.Now = began.Add(after)
				e.considerSurroundings(c.view)
				all, err := client.CoreV1().Events("ns").List(t.Context(), metav1.ListOptions{})
				if err != nil {
					t.Fatal(err)
				}
				for i := range all.Items {
					text += all.Items[i].Reason + ": " + all.Items[i].Message
				}
				return text
			}
			if early := told(0) + told(lastingDelay-time.Second); early != "" {
				t.Errorf("told before it lasts: %s", early)
			}
			first := told(lastingDelay)
			if (c.want == "") != (first == "") || !strings.Contains(first, c.want) || len(first) > longestMessage {
				t.Errorf("%q, want %q", first, c.want)
			}
			if again := told(10 * lastingDelay); again != first {
				t.Errorf("told twice: %s", again)
			}
		})
	}
}
