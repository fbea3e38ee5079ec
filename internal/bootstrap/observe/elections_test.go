// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"encoding/json"
	"net"
	"net/netip"
	"strconv"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/redisio"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// TestElectionsOfAnotherSetAreHeard: the settings of a group change while its master leads, which may be for months. From then on those
// Sentinels are listened to that watch it now.
func TestElectionsOfAnotherSetAreHeard(t *testing.T) {
	now := make(chan struct{})
	close(now)
	g := &Group{Namespace: "ns", StatefulSet: "redis", lease: listed(t, now, &coordinationv1.Lease{}, &coordinationv1.LeaseList{})}
	names := NewNames(netip.MustParseAddr("127.0.0.1"), func(func(context.Context)) {})
	o := &Observer{group: g, clients: redisio.NewClients(), names: names}
	settle := func(version int, set contract.SentinelSet) {
		text, err := json.Marshal(contract.GroupSettings{Sentinels: set, Quorum: 1, DownAfterMs: 5000, FailoverTimeoutMs: 10000, ParallelSyncs: 1, Port: 6379})
		if err != nil {
			t.Fatal(err)
		}
		g.Learn(&coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{
			Name: "redis-sentinel-redis", ResourceVersion: strconv.Itoa(version), Annotations: map[string]string{contract.RecordSettings: string(text)},
		}})
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	for i, size := range []int{1, 2} {
		set := contract.SentinelSet{Namespace: "ns", Name: "sentinel-" + strconv.Itoa(i), Service: "s", Replicas: size}
		var reached []<-chan struct{}
		set.Port, reached = sentinelsAt(t, size)
		names.mu.Lock()
		for n := range size {
			names.known[name(set, n)] = located{host: "127.0.0." + strconv.Itoa(n+1), at: time.Now()}
		}
		names.mu.Unlock()
		settle(i+1, set)
		if i == 0 {
			go func() {
				o.Elections(ctx, func() {})
				close(ended)
			}()
		}
		for _, one := range reached {
			<-one // else the test ends by its own deadline
		}
	}
	cancel()
	<-ended
}

// sentinelsAt listens at a port of several loopback addresses, and tells when somebody has come to each.
func sentinelsAt(t *testing.T, size int) (port int, reached []<-chan struct{}) {
	t.Helper()
	for n := range size {
		listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0."+strconv.Itoa(n+1)+":"+strconv.Itoa(port))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = listener.Close() })
		port = listener.Addr().(*net.TCPAddr).Port
		came := make(chan struct{})
		reached = append(reached, came)
		go func() {
			for told := false; ; told = true {
				conn, err := listener.Accept()
				if err != nil {
					return
				}
				if _ = conn.Close(); !told {
					close(came)
				}
			}
		}()
	}
	return port, reached
}
