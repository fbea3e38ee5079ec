// SPDX-License-Identifier: Apache-2.0

package world

import (
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/types"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// whole is a formed group whose master is pod 1.
func whole() View {
	group := NewGroup("ns", "redis")
	view := View{Group: group, Sentinels: map[string]string{}}
	for ordinal, address := range []string{"10.0.0.1:6379", "10.0.0.2:6379", "10.0.0.3:6379"} {
		view.Nodes = append(view.Nodes, Node{
			Pod: group.Pod(ordinal), UID: []types.UID{"uid-a", "uid-b", "uid-c"}[ordinal], Address: address, Ready: true, Label: contract.RoleReplica,
			Redis: Redis{Role: contract.RoleReplica, Follows: "10.0.0.2:6379", LinkUp: true},
		})
		view.Sentinels["sentinel-"+address] = "10.0.0.2:6379"
	}
	view.Nodes[1].Label, view.Nodes[1].Redis = contract.RoleMaster, Redis{Role: contract.RoleMaster}
	view.Record = Record{Holder: "redis-1", PodUID: "uid-b", Address: "10.0.0.2:6379"}
	return view
}

func TestMissing(t *testing.T) {
	for _, test := range []struct {
		name   string
		spoil  func(*View)
		expect string
	}{
		{"nothing is missing", func(*View) {}, ""},
		{"a pod", func(v *View) { v.Nodes = v.Nodes[:2] }, "2 pods of 3"},
		{"two masters", func(v *View) { v.Nodes[0].Redis = Redis{Role: contract.RoleMaster} }, "2 masters"},
		{"no master", func(v *View) { v.Nodes[1].Redis = Redis{} }, "0 masters"},
		{"a silent replica", func(v *View) { v.Nodes[0].Redis = Redis{} }, "redis-0 does not answer as replica"},
		{"a replica of another", func(v *View) { v.Nodes[0].Redis.Follows = "10.0.0.3:6379" }, "redis-0 follows 10.0.0.3:6379"},
		{"a link", func(v *View) { v.Nodes[2].Redis.LinkUp = false }, "redis-2 has its link"},
		{"readiness", func(v *View) { v.Nodes[2].Ready = false }, "redis-2 is not Ready"},
		{"a label", func(v *View) { v.Nodes[1].Label = contract.RoleReplica }, `redis-1 is master and labelled "replica"`},
		{"one Sentinel of three", func(v *View) { v.Sentinels["sentinel-10.0.0.1:6379"] = "" }, "2 Sentinels of 3"},
		{"the record", func(v *View) { v.Record = Record{} }, "the record names"},
		{"the record of a pod of the same name", func(v *View) { v.Record.PodUID = "uid-x" }, "the record names"},
	} {
		t.Run(test.name, func(t *testing.T) {
			view := whole()
			test.spoil(&view)
			if missing := view.Missing(); !strings.HasPrefix(missing, test.expect) || test.expect == "" && missing != "" {
				t.Errorf("missing: %q, want %q", missing, test.expect)
			}
		})
	}
}

func TestElectedNeedsAMajority(t *testing.T) {
	view := whole()
	view.Nodes[0].Redis = Redis{}
	view.Sentinels["sentinel-10.0.0.1:6379"] = ""
	if missing := view.Elected(); missing != "" {
		t.Errorf("two Sentinels of three name the master, but: %s", missing)
	}
	view.Sentinels["sentinel-10.0.0.2:6379"] = "10.0.0.1:6379"
	if missing := view.Elected(); missing == "" {
		t.Error("one Sentinel of three is not a majority")
	}
}

func TestReadInfo(t *testing.T) {
	replica := readInfo("# Server\r\nrun_id:abc\r\nloading:0\r\n# Replication\r\nrole:slave\r\nmaster_host:10.0.0.2\r\nmaster_port:6379\r\nmaster_link_status:up\r\nmaster_repl_offset:42\r\n# Keyspace\r\ndb0:keys=7,expires=0,avg_ttl=0\r\n")
	want := Redis{Role: contract.RoleReplica, Follows: "10.0.0.2:6379", LinkUp: true, Keys: 7, RunID: "abc", Offset: 42}
	if replica != want {
		t.Errorf("got %+v, want %+v", replica, want)
	}
	if master := readInfo("role:master\r\nconnected_slaves:2\r\n"); master.Role != contract.RoleMaster || master.Replicas != 2 || master.Follows != "" {
		t.Errorf("got %+v", master)
	}
}

func TestLostReplicated(t *testing.T) {
	written := Written{Lost: []Ack{{Number: 1}, {Number: 2, Replicated: true}, {Number: 3}}}
	if lost := written.LostReplicated(); len(lost) != 1 || lost[0].Number != 2 {
		t.Errorf("got %+v", lost)
	}
	if len(written.Lost) != 3 || !slices.IsSortedFunc(written.Lost, func(a, b Ack) int { return int(a.Number - b.Number) }) {
		t.Errorf("asking changed what was lost: %+v", written.Lost)
	}
}
