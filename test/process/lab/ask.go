// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/record"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/status"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
)

// MasterName is what Sentinels call the group.
func (set *Set) MasterName() string { return contract.MasterName(set.scene.Namespace, set.Name) }

// server asks one server directly.
func server(address netip.Addr, port int, password string) *redis.Client {
	return redis.NewClient(&redis.Options{
		Password: password, Addr: net.JoinHostPort(address.String(), strconv.Itoa(port)), Protocol: 2, DisableIdentity: true, MaxRetries: -1,
		DialTimeout: 300 * time.Millisecond, ReadTimeout: 300 * time.Millisecond, WriteTimeout: 300 * time.Millisecond, ContextTimeoutEnabled: true,
	})
}

// Redis is a client of the pod's server; the caller closes it.
func (p *Pod) Redis() *redis.Client {
	port := contract.RedisPort
	if p.set.Sentinel {
		port = contract.SentinelPort
	}
	return server(p.Address, port, p.set.Password)
}

// Do sends one command to the pod's server.
func (p *Pod) Do(ctx context.Context, args ...any) (any, error) {
	client := p.Redis()
	defer client.Close() //nolint:errcheck // it was for one command
	return client.Do(ctx, args...).Result()
}

// Info reads one field of INFO; empty where the server does not answer.
func (p *Pod) Info(ctx context.Context, field string) string {
	client := p.Redis()
	defer client.Close() //nolint:errcheck // it was for one command
	text, _ := client.Info(ctx).Result()
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), field+":"); ok {
			return value
		}
	}
	return ""
}

// Named is the master that a Sentinel gives to clients; empty where it does not answer or knows none.
func (p *Pod) Named(ctx context.Context, group *Set) string {
	client := p.Redis()
	defer client.Close() //nolint:errcheck // it was for one command
	words, err := client.Do(ctx, "sentinel", "get-master-addr-by-name", group.MasterName()).StringSlice()
	if err != nil || len(words) != 2 {
		return ""
	}
	return words[0]
}

// Record reads the group's record live.
func (set *Set) Record(ctx context.Context) (model.Record, *coordinationv1.Lease, error) {
	s := set.scene
	lease, err := s.Client.CoordinationV1().Leases(s.Namespace).Get(ctx, contract.ObjectName(set.Name), metav1.GetOptions{})
	if err != nil {
		return model.Record{}, nil, err
	}
	r, err := record.Decode(lease)
	return r, lease, err
}

// Live are the pods of the set that exist.
func (set *Set) Live() []*Pod {
	return slices.DeleteFunc(slices.Clone(set.Pods), func(p *Pod) bool { return p == nil })
}

// Formed says what is still missing until the group has one master that record and Sentinels name, and every other pod is its
// replica, in sync and ready; empty when nothing is.
func (set *Set) Formed(ctx context.Context) string {
	r, _, err := set.Record(ctx)
	if err != nil {
		return err.Error()
	}
	var master *Pod
	for _, p := range set.Live() {
		if p.UID == r.PodUID {
			master = p
		}
	}
	if master == nil {
		return "the record names " + strconv.Quote(r.Holder) + ", which is not a pod"
	}
	for _, p := range set.Live() {
		role, link := p.Info(ctx, "role"), p.Info(ctx, "master_link_status")
		switch {
		case p == master && role != "master":
			return fmt.Sprintf("%s is the holder and answers role %q", p.Name, role)
		case p != master && (role != "slave" || p.Info(ctx, "master_host") != master.Address.String() || link != "up"):
			return fmt.Sprintf("%s has role %q, follows %q, link %q; master is %s", p.Name, role, p.Info(ctx, "master_host"), link, master.Address)
		case !p.probes.isReady():
			return p.Name + " is not ready"
		}
	}
	for _, p := range set.scene.Sentinels.Live() {
		if named := p.Named(ctx, set); named != master.Address.String() {
			return fmt.Sprintf("%s names %q, master is %s", p.Name, named, master.Address)
		}
	}
	return ""
}

func (p *probes) isReady() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ready
}

// WaitFormed waits until the group is Formed and returns its master.
func (set *Set) WaitFormed(within time.Duration) *Pod {
	s := set.scene
	s.T.Helper()
	took, err := world.Until(s.T.Context(), within, "group "+set.Name+" to be formed", set.Formed)
	if err != nil {
		s.T.Fatal(err)
	}
	master := set.Master()
	s.Logf("group %s is formed after %.1f s, master %s at %s", set.Name, took.Seconds(), master.Name, master.Address)
	return master
}

// Master is the pod that the record names; nil where it names none that exists.
func (set *Set) Master() *Pod {
	r, _, err := set.Record(set.scene.context())
	if err != nil {
		return nil
	}
	for _, p := range set.Live() {
		if p.UID == r.PodUID {
			return p
		}
	}
	return nil
}

// Replica is one pod that is not the master.
func (set *Set) Replica() *Pod {
	master := set.Master()
	for _, p := range set.Live() {
		if p != master {
			return p
		}
	}
	return nil
}

// Client finds the master as applications do.
func (set *Set) Client() *redis.Client {
	var hosts []string
	for _, p := range set.scene.Sentinels.Live() {
		hosts = append(hosts, net.JoinHostPort(p.Address.String(), strconv.Itoa(contract.SentinelPort)))
	}
	return redis.NewFailoverClient(&redis.FailoverOptions{
		Password: set.Password, MasterName: set.MasterName(), SentinelAddrs: hosts, DialTimeout: 500 * time.Millisecond, ReadTimeout: 500 * time.Millisecond,
	})
}

// Writable waits until one write through Sentinel succeeds, and returns how long that took.
func (set *Set) Writable(within time.Duration) time.Duration {
	s := set.scene
	s.T.Helper()
	took, err := world.Until(s.T.Context(), within, "a write to succeed", func(ctx context.Context) string {
		client := set.Client()
		defer client.Close() //nolint:errcheck // it was for one command
		ctx, cancel := context.WithTimeout(ctx, 400*time.Millisecond)
		defer cancel()
		if err := client.Set(ctx, "writable", 1, 0).Err(); err != nil {
			return err.Error()
		}
		return ""
	})
	if err != nil {
		s.T.Fatal(err)
	}
	return took
}

// Event reports whether an Event with the reason was written in the scene.
func (s *Scene) Event(ctx context.Context, reason string) bool {
	list, err := s.Client.CoreV1().Events(s.Namespace).List(ctx, metav1.ListOptions{})
	return err == nil && slices.ContainsFunc(list.Items, func(e corev1.Event) bool { return e.Reason == reason })
}

// Ready reports whether the pod is ready, as the API has it.
func (p *Pod) Ready() bool { return p.probes.isReady() }

// Reason is what the pod's agent says of itself; empty where it says nothing.
func (p *Pod) Reason(ctx context.Context) string {
	var said status.Status
	_ = json.Unmarshal([]byte(p.says(ctx, contract.PathStatus)), &said) // what is unreadable says nothing
	return said.Reason
}

// Metrics is what the pod's agent counts, in the text format of Prometheus; empty where it says nothing.
func (p *Pod) Metrics(ctx context.Context) string { return p.says(ctx, contract.PathMetrics) }

// Label is the role label that the API shows on the pod.
func (p *Pod) Label(ctx context.Context) string {
	s := p.set.scene
	pod, err := s.Client.CoreV1().Pods(s.Namespace).Get(ctx, p.Name, metav1.GetOptions{})
	if err != nil {
		return err.Error()
	}
	return pod.Labels[contract.LabelRole]
}

// Electable counts the replicas that the Sentinel could promote.
func (p *Pod) Electable(ctx context.Context, group *Set) int {
	electable, _ := p.Replicas(ctx, group)
	return len(electable)
}

// Replicas are the addresses of the replicas that the Sentinel could promote, and of all that it lists.
func (p *Pod) Replicas(ctx context.Context, group *Set) (electable, listed []string) {
	client := p.Redis()
	defer client.Close() //nolint:errcheck // it was for one command
	replicas := redis.NewMapStringStringSliceCmd(ctx, "sentinel", "replicas", group.MasterName())
	_ = client.Process(ctx, replicas) // without an answer there are none
	for _, r := range replicas.Val() {
		if r["slave-priority"] != "0" && r["flags"] == "slave" {
			electable = append(electable, r["ip"])
		}
		listed = append(listed, r["ip"])
	}
	return electable, listed
}

// Peers counts the other Sentinels that the Sentinel knows.
func (p *Pod) Peers(ctx context.Context, group *Set) int {
	client := p.Redis()
	defer client.Close() //nolint:errcheck // it was for one command
	peers := redis.NewMapStringStringSliceCmd(ctx, "sentinel", "sentinels", group.MasterName())
	_ = client.Process(ctx, peers) // without an answer there are no peers
	return len(peers.Val())
}
