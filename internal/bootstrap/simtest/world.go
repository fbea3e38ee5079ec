// SPDX-License-Identifier: Apache-2.0

package simtest

import (
	"context"
	"hash/fnv"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/act"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide/handover"
	decidesentinel "github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide/sentinel"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/record"
)

const (
	downAfter       = 5 * time.Second
	failoverTimeout = 10 * time.Second
	recoveryTimeout = 60 * time.Second
)

// begin is the wall clock at the beginning of every story.
var begin = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// Persistence is what a Redis keeps when its process dies.
type Persistence string

const (
	// None keeps nothing.
	None Persistence = "none"
	// AOF keeps every write, and no replication id.
	AOF Persistence = "aof"
	// Everysec is AOF that is written to the disk once a second: what was written since is lost.
	Everysec Persistence = "everysec"
	// RDB keeps what was written some time ago, with its replication id.
	RDB Persistence = "rdb"
)

// Setup is what the world is like before anything happens.
type Setup struct {
	Seed         uint64
	Nodes        int
	Sentinels    int
	Persistence  Persistence
	OrderedReady bool
	// Found is the ordinal whose volume holds data from before the group; negative means none.
	Found int
}

// Deciders is what is put to the test, and what a wrong design would do otherwise.
type Deciders struct {
	Redis func(model.View, decide.Memory) (decide.Decision, decide.Memory)
	// Prepared says which sealed offer a view would have accepted.
	Prepared func(model.View, decide.Memory) string
	Sentinel func(model.SentinelView, decidesentinel.Memory) (decidesentinel.Decision, decidesentinel.Memory)
	// Handover is the step machine of a handover; nil means the right one.
	Handover func(handover.State, handover.View) (handover.Step, handover.State)
	// Record replaces the right way to write by another; nil leaves it.
	Record func(right act.Record, known record.Copy) act.Record
	// UseReset makes SENTINEL RESET take the place of recreating the group.
	UseReset bool
	// TrustMasterReply makes agents believe the address of SENTINEL MASTER.
	TrustMasterReply bool
	// Deaf keeps masters' agents from hearing that a Sentinel is elected.
	Deaf bool
}

// Real are the deciders of the product.
var Real = Deciders{Redis: decide.Next, Prepared: decide.Prepared, Sentinel: decidesentinel.Next}

// World is one story.
type World struct {
	*clock
	Setup
	Deciders Deciders
	// ctx is what the acts get: nothing cancels them.
	ctx context.Context //nolint:containedctx // what happens in a world has no caller

	pods      []*pod
	servers   []*server
	sentinels []*sentinel
	disks     map[int]*disk
	listeners map[model.Address]*server
	blocked   map[pair]bool
	// rejects reports whether what is blocked is refused in words, as some firewalls do.
	rejects  bool
	states   []state
	client   *client
	clients  []*client
	visitors []*visitor
	service  service

	hosts, runs, ids, uids, addresses, writes, versions, words int

	apiDown bool
	apiBack time.Duration
	// leaseRefused is why records are not written until leaseBack, and storeBack until when nothing is.
	leaseRefused         error
	leaseBack, storeBack time.Duration
	// restored is the greatest epoch that a record had before an older one took its place, which was last at restoredAt.
	restored   uint64
	restoredAt time.Duration
	slowLoad   time.Duration
	rolling    int

	// mishaps wait for the deeds that they befall; courses are what agents are about while the world goes on, and course is the one that
	// runs now.
	mishaps []*mishap
	courses map[*course]bool
	course  *course
	// bites counts when a fault took effect.
	bites map[string]int

	// What the rules remember.
	named           map[uint64]model.Address
	claims          map[string]bool
	given           map[string]bool // by seal, the words that were given
	acked           []int
	safe            int
	lost            bool
	noSuccessor     bool
	meddled         bool
	overruled       bool // by a person's command that no failover of a Sentinel contains
	onlyPlanned     bool
	oneCrash        bool
	twoMastersSince time.Duration
	ackedAt         time.Duration
	gap             time.Duration
	// bothAcked is the longest time for which a master acknowledged writes after a later one had begun to, and outdated counts
	// those writes.
	bothAcked time.Duration
	outdated  int
	violation *Violation
	trace     uint64
	events    []string
}

// NewWorld begins a story: an empty record, no pods yet, blank Sentinels.
func NewWorld(setup Setup, deciders Deciders) *World {
	w := &World{
		clock: newClock(setup.Seed), Setup: setup, Deciders: deciders, disks: map[int]*disk{}, listeners: map[model.Address]*server{},
		blocked: map[pair]bool{}, rejects: setup.Seed%3 == 0, courses: map[*course]bool{}, bites: map[string]int{}, named: map[uint64]model.Address{}, claims: map[string]bool{}, given: map[string]bool{}, twoMastersSince: never, apiBack: never, restoredAt: never,
		slowLoad: 300 * time.Millisecond,
	}
	w.ctx = context.Background() //nolint:forbidigo // what happens in a world has no caller
	w.client = &client{host: w.newHost()}
	w.clients = []*client{w.client}
	w.versions = 1
	first := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "redis-sentinel-redis", UID: "record", ResourceVersion: "1"}}
	w.states = []state{{replicas: setup.Nodes, lease: first, record: model.Record{Known: true, UID: "record", Version: "1"}}}
	for i := range setup.Sentinels {
		s := &sentinel{ordinal: i, host: w.newHost(), watch: newWatch(w.between(0, 60*time.Millisecond))}
		s.watch.disturb = s.disturb(w)
		w.sentinels = append(w.sentinels, s)
		w.on(s.host, w.between(0, 3*time.Second), func() { w.startSentinelAgent(s); w.seed(s) })
	}
	if setup.Found >= 0 && w.keeps() {
		w.writes++
		w.disks[setup.Found] = &disk{
			claim: "claim-found", replID: w.freshID(),
			kept: &version{root: "found", keys: 5, write: w.writes},
		}
		w.states[0].claims = []int{setup.Found}
		w.acked, w.safe = []int{w.writes}, w.writes
	}
	w.in(0, w.reconcile)
	w.in(0, func() { w.clientTurn(w.client) })
	w.in(0, w.watchOver)
	return w
}

func (w *World) keeps() bool { return w.Persistence != None }

func (w *World) clockOf(h *host) time.Time { return begin.Add(w.now + h.skew) }

func (w *World) config() model.Config {
	return model.Config{
		CrashLoss: 2 * time.Second, DownAfter: downAfter, FailoverTimeout: failoverTimeout, RecoveryTimeout: recoveryTimeout, Priority: 100, ServeStale: true, MinReplicas: 1, MaxLag: 3,
	}
}

// note adds a line to the story; the trace distinguishes two stories.
func (w *World) note(text string) {
	h := fnv.New64a()
	_, _ = h.Write([]byte(text))
	w.trace = w.trace*1099511628211 + h.Sum64() + uint64(w.now)
	if w.events != nil {
		w.events = append(w.events, w.now.String()+" "+text)
	}
}
