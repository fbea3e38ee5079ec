// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// The sweep goes through all worlds that three nodes, three Sentinels and a record can make out of few states each, in the
// notation of testdata/redis.txt. N is the node itself, A and B the next two in a circle; H is the recorded holder, I the next
// one. What no test thought of is among them.

var nodeStates = []string{
	"",            // no such pod
	"N?",          // silent
	"N-",          // gone: connects are refused
	"N-+down",     // and the kubelet says so
	"NL",          // loading
	"NM",          // master
	"N>A",         // synced replica of A
	"N>B",         // synced replica of B
	"N/A=a@90*9",  // cut off from A, and behind
	"N.=a@100*10", // detached, with the group's data
	"N.",          // fenced, no history and no data
	"N.=b@0*10+new",
	"N.=c@7*3+volume", // with foreign data
	"N>A+term",
}

var recordStates = []string{"none", "0", "1 behind=2", "2 lost=0", "0 offer=1@100"}

// commonSentinels are the sets that the sweep combines with everything else: agreed, silent, down, failing over, switched,
// of three opinions, and down with no replica.
var commonSentinels = []string{"H H H", "? ? ?", "H! H! H!", "H! H! H~", "I+1 I+1 I+1", "H H! ?", "H!_ H!_ H!_"}

// sentinelStates are what a single Sentinel may say where its set is drawn at random.
var sentinelStates = []string{"?", "blank", "0", "1", "2", "0+1", "1+1", "2+1", "0!", "1!", "2!", "0~", "1~", "2~", "0!_", "1!_", "2!~_"}

// memoryKinds name the memories that every view is judged with.
var memoryKinds = []string{"fresh", "claimed", "long", "let down"}

// world is one of the sweep's states of a whole group; every pod of it has a view.
type world struct {
	nodes     [3]string
	sentinels string
	record    string
	api       bool
}

func (w world) String() string {
	return fmt.Sprintf("%s | %s | %s | api=%v", strings.Join(w.nodes[:], " "), w.sentinels, w.record, w.api)
}

// letters puts ordinals in place of a name and its neighbours in the circle.
func letters(state, names string, first int) string {
	var pairs []string
	for i, name := range strings.Split(names, "") {
		pairs = append(pairs, name, strconv.Itoa((first+i)%3))
	}
	return strings.NewReplacer(pairs...).Replace(state)
}

// worldOf picks one world by a number for each choice. Where no holder is recorded, Sentinels know ordinal 0.
func worldOf(nodes [3]int, sentinels string, record int, api bool) world {
	w := world{record: recordStates[record], api: api}
	holder, _ := strconv.Atoi(w.record[:1]) // "none" gives 0
	w.sentinels = letters(sentinels, "HI", holder)
	for n, state := range nodes {
		w.nodes[n] = letters(nodeStates[state], "NAB", n)
	}
	return w
}

// parsed keeps the pods, Sentinels and records of the sweep, which are few, so that each is read once.
type parsed struct {
	reader    reader
	pods      map[string]model.Pod
	sentinels map[string][]model.Sentinel
	records   map[string]model.Record
}

func newParsed() *parsed {
	return &parsed{pods: map[string]model.Pod{}, sentinels: map[string][]model.Sentinel{}, records: map[string]model.Record{}}
}

func once[V any](known map[string]V, word string, read func(string) V) V {
	v, ok := known[word]
	if !ok {
		v = read(word)
		known[word] = v
	}
	return v
}

// views are what each living pod of a world sees.
func (p *parsed) views(w world) []model.View {
	var all []model.View
	for self, word := range w.nodes {
		if word == "" {
			continue
		}
		v := fresh(once(p.pods, word, p.reader.Pod))
		for n, other := range w.nodes {
			if n != self && other != "" {
				v.Peers = append(v.Peers, once(p.pods, other, p.reader.Pod))
			}
		}
		v.Sentinels = once(p.sentinels, w.sentinels, func(cell string) []model.Sentinel {
			var set []model.Sentinel
			for _, word := range words(cell) {
				set = append(set, p.reader.Sentinel(word))
			}
			return set
		})
		v.Record, v.API = once(p.records, w.record, p.reader.Record), w.api
		all = append(all, v)
	}
	return all
}

// memoryOf is one of the memories that fit a view.
func memoryOf(v model.View, kind string) Memory {
	run := v.Self.Redis.RunID
	switch kind {
	case "claimed":
		heard := Heard{Epoch: leaderOf(&v).epoch, At: v.Now.Add(-time.Second)}
		return Memory{Claimed: Claimed{Epoch: v.Record.Epoch, RunID: run}, ClaimedAt: v.Now, MaxEpoch: v.Record.Epoch, Heard: heard}
	case "long", "let down":
		m := waiting(v, Memory{SyncedRun: run}).memory
		m.WaitingSince, m.MasterSince, m.Confirmed = clock.Add(-71*time.Second), clock.Add(-31*time.Second), clock.Add(-31*time.Second)
		m.SilentSince, m.SilentEpoch = clock.Add(-31*time.Second), leaderOf(&v).epoch
		m.AnsweredRun = "the run before"
		if kind == "let down" {
			m.NamedEpoch = holderAt - model.EpochStep
			for _, p := range v.Peers {
				m.Declined = append(m.Declined, p.Redis.RunID)
			}
		}
		return m
	}
	return Memory{}
}

// everyWorld calls visit with all combinations of nodes and records under the common Sentinels, and then with a sample
// of the worlds under any three Sentinels: all of those would take minutes. The sample is the same in every run: the stride
// is a prime that divides no number of choices, so that every choice has its turn.
func everyWorld(visit func(world)) {
	nodes := len(nodeStates) * len(nodeStates) * len(nodeStates)
	pick := func(n int) [3]int {
		return [3]int{n % len(nodeStates), n / len(nodeStates) % len(nodeStates), n / len(nodeStates) / len(nodeStates)}
	}
	for n := range nodes {
		for record := range recordStates {
			for i, sentinels := range commonSentinels {
				visit(worldOf(pick(n), sentinels, record, true))
				if i < 3 { // without the API little is decided
					visit(worldOf(pick(n), sentinels, record, false))
				}
			}
		}
	}
	sets := sentinelSets()
	total := nodes * len(sets) * len(recordStates) * 2
	const stride, samples = 1_000_003, 20_000
	for i := range samples {
		n := i * stride % total
		visit(worldOf(pick(n%nodes), sets[n/nodes%len(sets)], n/nodes/len(sets)%len(recordStates), n/nodes/len(sets)/len(recordStates) == 0))
	}
}

// sentinelSets are all sets of three, without regard to order.
func sentinelSets() []string {
	var sets []string
	for i, a := range sentinelStates {
		for j, b := range sentinelStates[i:] {
			for _, c := range sentinelStates[i+j:] {
				sets = append(sets, a+" "+b+" "+c)
			}
		}
	}
	return sets
}

// turn is one decision of the sweep.
type turn struct {
	world    world
	view     model.View
	kind     string
	memory   Memory
	decision Decision
	// before is the view of which one answer is missing in view, where a check compares the two.
	before model.View
}

func (u turn) String() string {
	d := u.decision
	return fmt.Sprintf("%s | me %d, memory %s => %s %s %s", u.world, u.view.Self.Ordinal, u.kind, d.Action, d.Reason, d.Target)
}

// check looks at all turns of one world that have the same kind of memory. A step above one skips worlds, for checks that ask
// many times about each; it has no divisor in common with the number of choices, or it would see only some of them.
type check struct {
	name  string
	step  int
	visit func([]turn, *findings)
	findings
}

// shortStride leaves one world of so many where a test has to be short. Like the steps of the checks it has no divisor in common with
// the number of choices.
const shortStride = 23

// TestEveryView decides on every view of every world with every memory, and runs every check on it.
func TestEveryView(t *testing.T) {
	checks := []*check{
		{name: "invariants", step: 1, visit: checkInvariants},
		{name: "one pod claims", step: 1, visit: checkRivals, findings: findings{excuses: acceptedRivals}},
		{name: "the oracle agrees", step: 1, visit: checkOracle, findings: findings{excuses: differences}},
		{name: "order does not matter", step: 19, visit: checkOrder},
		{name: "silence enables nothing", step: 29, visit: checkSilence, findings: findings{excuses: silenceThatMayEnable}},
	}
	turns := everyTurn(t, checks)
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) { c.report(t) })
	}
	t.Logf("%d decisions", turns)
}

// everyTurn goes through the sweep. A panic names its world.
func everyTurn(t *testing.T, checks []*check) (turns int) {
	t.Helper()
	var now turn
	defer func() {
		if r := recover(); r != nil {
			t.Fatalf("panic %v in %s", r, now)
		}
	}()
	p := newParsed()
	all, worlds, group := 0, 0, make([]turn, 0, 3)
	skip := 1
	if testing.Short() {
		skip = shortStride
	}
	everyWorld(func(w world) {
		if all++; all%skip != 0 {
			return
		}
		worlds++
		views := p.views(w)
		for _, kind := range memoryKinds {
			group = group[:0]
			for _, v := range views {
				now = turn{world: w, view: v, kind: kind, memory: memoryOf(v, kind)}
				now.decision, _ = Next(v, now.memory)
				group = append(group, now)
			}
			turns += len(group)
			for _, c := range checks {
				if worlds%c.step == 0 {
					c.visit(group, &c.findings)
				}
			}
		}
	})
	if p.reader.Err != nil {
		t.Fatal(p.reader.Err)
	}
	return turns
}
