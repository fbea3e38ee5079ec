// SPDX-License-Identifier: Apache-2.0

package act

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide/handover"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/record"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/redisio"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/redisio/redistest"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// The numbers in these tests are those of docs/interleavings.md.

const (
	conflict = "conflict" // another agent wrote the record first
	unknown  = "unknown"  // no answer came, and none to the question what became of it
	lost     = "lost"     // the write stands, and its answer was lost
	refused  = "refused"  // the successor's agent does not accept
)

// stage is a master that hands over to a replica, with the record between them. The journal is what was done to the master and
// to the record, in order.
type stage struct {
	actor  *Redis
	others *restOfGroup
	view   model.View

	mu      sync.Mutex
	journal []string
	lease   *coordinationv1.Lease
	writes  int
	leads   bool
	// users is how the master lists its users, and requirepass the password of its clients.
	users       []string
	requirepass string
	// evades is who may publish hellos in a way that only the server sees.
	evades string
}

func (s *stage) listUsers() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	reply := fmt.Sprintf("*%d\r\n", len(s.users))
	for _, u := range s.users {
		reply += redistest.Bulk(u)
	}
	return reply
}

// Lease and Learn are the record as the actor knows it.
func (s *stage) Lease() *coordinationv1.Lease {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lease
}

func (s *stage) Learn(l *coordinationv1.Lease) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lease = l
}

// restOfGroup is the rest of the group: servers that are really asked, and Sentinels that name the successor at once.
type restOfGroup struct {
	note       func(string)
	clients    *redisio.Clients
	announced  func()
	unprepared bool
	tell       func(word string) error
	// service is that of the master, through which, asked for the third time, the process routed answers.
	service model.Address
	routed  string
	asked   int
	elected bool
}

func (c *restOfGroup) Ask(ctx context.Context, _ *model.View, a model.Address) model.Redis {
	return redisio.Ask(ctx, c.clients.To(a, model.Credential{}))
}

func (c *restOfGroup) Announced(context.Context, model.Address) bool {
	c.note("Sentinels name the successor")
	if c.announced != nil {
		c.announced()
	}
	return true
}

func (c *restOfGroup) MasterService(context.Context) model.Address { return c.service }

func (c *restOfGroup) Through(context.Context, *model.View, model.Address, model.Address) string {
	c.asked++
	if c.asked < 3 { // it leads to the old master still
		return "the old one"
	}
	c.note("the Service leads to the successor")
	return c.routed
}

func (c *restOfGroup) Prepared(context.Context, model.Address, string) bool {
	return !c.unprepared
}

func (c *restOfGroup) Tell(_ context.Context, _ model.Address, word string, _ time.Duration) error {
	c.note("word")
	return c.tell(word)
}

func (c *restOfGroup) Elected() bool { return c.elected }

func (c *restOfGroup) Notify(ctx context.Context, pod model.Address) { Notify(ctx, pod.Host) }

// errAny stands for an error that is somebody else's.
var errAny = errors.New("any error")

// script is how a handover goes on this stage.
type script struct {
	offset int64    // of the successor; the master's is 100
	runID  string   // of the successor, where it restarted since it was chosen
	writes []string // the API's answers to the first writes, where they are not a plain yes
	word   string   // what becomes of the word, where it is not heard and answered
	claims int      // the write after which the successor is master, where the word has not made it that; 0 for never

	unprepared bool // the successor's agent never says that it would accept
}

func (s *stage) note(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.journal = append(s.journal, what)
}

func newStage(t *testing.T, how script) *stage {
	t.Helper()
	s := &stage{users: []string{"user default off"}, lease: &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{
		Namespace: "ns", Name: "redis-sentinel-redis", ResourceVersion: "5",
		Annotations: map[string]string{contract.RecordEpoch: "1024", contract.RecordPodUID: "uid-0", contract.RecordAddress: "10.0.0.1:6379"},
	}}}
	own := redistest.Start(t, "127.0.0.1", func(command string) string {
		if command == "info" {
			return redistest.Bulk("run_id:run-0\nrole:master\nmaster_replid:a\nmaster_repl_offset:100\n")
		}
		switch {
		case command == "acl list":
			return s.listUsers()
		case command == "config get requirepass":
			return "*2\r\n" + redistest.Bulk("requirepass") + redistest.Bulk(s.requirepass)
		case strings.HasPrefix(command, "acl dryrun ") && strings.Fields(command)[2] != s.evades:
			return redistest.Bulk("User has no permissions to run the 'publish' command")
		}
		s.note(command)
		switch {
		case strings.HasPrefix(command, "client kill"), strings.HasPrefix(command, "acl deluser"):
			return ":1\r\n"
		case strings.HasPrefix(command, "config get"):
			return "*0\r\n"
		}
		return ""
	})
	successor := redistest.Start(t, "127.0.0.1", func(string) string { return s.successorSays(how) })
	client := fake.NewClientset(s.lease)
	client.PrependReactor("update", "leases", func(action clienttesting.Action) (bool, runtime.Object, error) { return s.write(how, action) })
	client.PrependReactor("get", "leases", func(clienttesting.Action) (bool, runtime.Object, error) { return s.read(how) })
	ownClient := redisio.Keep(own.Address, model.Credential{})
	t.Cleanup(func() { _ = ownClient.Close() })
	clients := redisio.NewClients()
	t.Cleanup(func() { clients.Sweep(0) })
	s.others = &restOfGroup{note: s.note, clients: clients, unprepared: how.unprepared, tell: func(word string) error { return s.hear(how, word) }}
	s.actor = NewRedis(redisio.NewServer(ownClient), record.NewStore(client.CoordinationV1().Leases("ns"), s, time.Now), s.others, "ns.redis", time.Now)
	s.actor.presented = presented{run: "run-0", known: true} // it has presented itself
	seen, err := record.Decode(s.lease)
	if err != nil {
		t.Fatal(err)
	}
	s.view = model.View{
		Self:   model.Pod{Name: "redis-0", UID: "uid-0", Redis: model.Redis{Answer: model.Up, Role: model.Master, RunID: "run-0"}},
		Peers:  []model.Pod{{Name: "redis-1", UID: "uid-1", Injected: true, Address: successor.Address, Redis: model.Redis{Answer: model.Up, Role: model.Replica, RunID: "run-1"}}},
		Record: seen,
	}
	return s
}

// hear is the successor's agent: it leads by the word that opens the offer which the record has.
func (s *stage) hear(how script, word string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	offered, err := record.Decode(s.lease)
	if err != nil || offered.Offer == nil || !offered.Offer.Stands(word) || offered.Offer.Stands("") {
		return fmt.Errorf("%w: the record has %v", ErrNotAccepted, offered.Offer)
	}
	switch how.word {
	case refused:
		return ErrNotAccepted
	case unknown:
		return errors.New("no answer")
	}
	if s.leads = true; how.word == lost {
		return errors.New("no answer")
	}
	return nil
}

func (s *stage) successorSays(how script) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	role := "slave"
	if s.leads {
		role = "master"
	}
	run := how.runID
	if run == "" {
		run = "run-1"
	}
	return redistest.Bulk(fmt.Sprintf("run_id:%s\nrole:%s\nmaster_replid:a\nmaster_repl_offset:%d\n", run, role, how.offset))
}

func (s *stage) write(how script, action clienttesting.Action) (bool, runtime.Object, error) {
	update, _ := action.(clienttesting.UpdateAction)
	lease, _ := update.GetObject().(*coordinationv1.Lease)
	what := "withdraw"
	if lease.Annotations[contract.RecordOffer] != "" || lease.Annotations[contract.RecordSealedOffer] != "" {
		what = "offer"
	}
	s.note(what)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writes++
	s.leads = s.leads || how.claims == s.writes
	answer := ""
	if len(how.writes) >= s.writes {
		answer = how.writes[s.writes-1]
	}
	switch answer {
	case conflict:
		return true, nil, apierrors.NewConflict(schema.GroupResource{Resource: "leases"}, lease.Name, errors.New("changed"))
	case unknown:
		return true, nil, apierrors.NewTimeoutError("no answer", 1)
	}
	if s.lease = lease; answer == lost {
		return true, nil, apierrors.NewTimeoutError("no answer", 1)
	}
	return true, lease, nil
}

func (s *stage) read(how script) (bool, runtime.Object, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if how.writes[s.writes-1] == unknown {
		return true, nil, apierrors.NewTimeoutError("no answer", 1)
	}
	return true, s.lease, nil
}

const (
	pause   = "client pause 1500 write"
	longer  = "client pause 66000 write; config set min-replicas-to-write 0"
	unpause = "client unpause"
	killed  = "client kill type normal; client kill type pubsub; " + unpause
	fenced  = "replicaof 127.0.0.1 1; " + killed
	moved   = "Sentinels name the successor; replicaof SUCCESSOR; " + killed
)

// TestHandoverStepByStep (4, 13): every write that was acknowledged must be with whichever pod leads in the end. So writes stay
// paused while that is unknown, and clients are disconnected once the Sentinels can tell them where to go.
func TestHandoverStepByStep(t *testing.T) {
	begun := "offer; " + pause + "; " + longer + "; word; "
	for name, c := range map[string]struct {
		how  script
		want string
		err  error
	}{
		"the successor claims":                           {script{offset: 100}, begun + moved, nil},
		"the record was written by another agent":        {script{offset: 100, writes: []string{conflict}}, "offer", record.ErrConflict},
		"it is unknown whether the offer stands":         {script{offset: 100, writes: []string{unknown}}, "offer", errAny},
		"the offer stands and its answer was lost":       {script{offset: 100, writes: []string{lost}}, begun + moved, nil},
		"the successor's agent does not answer":          {script{offset: 100, unprepared: true}, "offer; withdraw", handover.ErrNotPrepared},
		"the successor lacks a write: no word is given":  {script{offset: 99}, "offer; " + pause + "; " + unpause, handover.ErrNotCaughtUp},
		"the successor restarted since it was chosen":    {script{offset: 100, runID: "run-2"}, "offer; " + pause + "; " + unpause, handover.ErrNotCaughtUp},
		"the successor leads, and its answer was lost":   {script{offset: 100, word: lost}, begun + moved, nil},
		"it does not accept: the offer is taken back":    {script{offset: 100, word: refused}, begun + "withdraw; " + unpause, handover.ErrNotAccepted},
		"the word is not heard: the offer is taken back": {script{offset: 100, word: unknown}, begun + "withdraw; " + unpause, handover.ErrNotAccepted},
		"the claim comes while it is taken back":         {script{offset: 100, word: unknown, writes: []string{"", conflict}, claims: 2}, begun + "withdraw; " + moved, nil},
		"no claim, and it is unknown whether the offer is taken back": {
			script{offset: 100, word: unknown, writes: []string{"", unknown}}, begun + "withdraw; " + fenced, handover.ErrNotAccepted,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, c.how)
			successor := s.view.Peers[0]
			err := s.actor.handOver(t.Context(), s.view, decide.Decision{Action: decide.Handover, Reason: model.HandingOver, Calm: 4 * time.Second, Successor: successor})
			if errors.Is(c.err, errAny) && err == nil || !errors.Is(c.err, errAny) && !errors.Is(err, c.err) {
				t.Errorf("err=%v, want %v", err, c.err)
			}
			want := strings.ReplaceAll(c.want, "SUCCESSOR", fmt.Sprintf("%s %d", successor.Address.Host, successor.Address.Port))
			if got := strings.Join(s.journal, "; "); got != want {
				t.Errorf("done\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// TestHandoverOutlivesItsTurn (4b): the loop ends while writes are paused; what was begun is still finished.
func TestHandoverOutlivesItsTurn(t *testing.T) {
	s := newStage(t, script{offset: 100})
	ctx, cancel := context.WithCancel(t.Context())
	s.others.announced = cancel
	if err := s.actor.handOver(ctx, s.view, decide.Decision{Action: decide.Handover, Reason: model.HandingOver, Calm: 4 * time.Second, Successor: s.view.Peers[0]}); err != nil {
		t.Fatal(err)
	}
	if last := s.journal[len(s.journal)-1]; last != unpause {
		t.Errorf("the last thing that was done is %q", last)
	}
}

// TestViewThatIsOlderWritesNothing (4, 26): between view and act another version of the record came in.
func TestViewThatIsOlderWritesNothing(t *testing.T) {
	s := newStage(t, script{offset: 100})
	err := s.actor.Do(t.Context(), s.view, decide.Decision{
		Action: decide.Claim, Reason: model.BestData, Epoch: 2048, Record: &model.Record{Version: "4", Epoch: 2048},
	})
	if !errors.Is(err, record.ErrConflict) || slices.Contains(s.journal, "withdraw") {
		t.Errorf("err=%v, done %q", err, s.journal)
	}
}

// TestOfferWakesItsTarget (4e): a watch that is stuck must not delay the claim.
func TestOfferWakesItsTarget(t *testing.T) {
	host, listener := agentPort(t)
	notified := make(chan string, 1)
	server := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { notified <- r.Method + " " + r.URL.Path })} //nolint:gosec // a test
	go server.Serve(listener)                                                                                                                   //nolint:errcheck // it ends with the test
	t.Cleanup(func() { _ = server.Close() })
	s := newStage(t, script{offset: 100})
	s.view.Peers[0].Address.Host = host
	next := s.view.Record
	next.Offer = &model.Offer{PodUID: "uid-1", RunID: "run-1", Reason: string(model.TransferAfterRestart)}
	d := decide.Decision{Action: decide.OfferTransfer, Reason: model.TransferAfterRestart, Record: &next, Successor: s.view.Peers[0]}
	if err := s.actor.Do(t.Context(), s.view, d); err != nil {
		t.Fatal(err)
	}
	select {
	case got := <-notified:
		if got != http.MethodPost+" "+contract.PathNotify {
			t.Errorf("asked for %s", got)
		}
	default:
		t.Error("the target's agent was not woken")
	}
}

// agentPort is a loopback address at which an agent's port is free.
func agentPort(t *testing.T) (string, net.Listener) {
	t.Helper()
	for n := range 50 {
		host := fmt.Sprintf("127.0.77.%d", n+1)
		listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", model.Address{Host: host, Port: contract.AgentPort}.String())
		if err == nil {
			return host, listener
		}
	}
	t.Fatal("no loopback address has the agent's port free")
	return "", nil
}
