// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"cmp"
	"slices"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/record"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/redisconf"
)

// candidate is a record that names a master, as a blank Sentinel might start with it.
type candidate struct {
	lease  *coordinationv1.Lease
	key    GroupKey
	record model.Record
	want   model.Watching
	port   int
}

// candidates are those in sight, and what was left out of them.
type candidates struct {
	all     []candidate
	leftOut []model.LeftOut
}

// consider takes a record in where this set serves its group and it names a master. That it names none yet is no fault.
func (c *candidates) consider(l *coordinationv1.Lease, w *SentinelSet, serves Serves, now time.Time) {
	s, readable := record.Settings(l)
	key, named := w.KeyOf(l)
	if !named {
		return // it is no record
	}
	r, err := record.Decode(l)
	want, served := serves(key, s, r)
	if readable && !served {
		return
	}
	leave := func(why string) {
		c.leftOut = append(c.leftOut, model.LeftOut{Lease: l.Namespace + "/" + l.Name, Why: why})
	}
	switch {
	case !readable:
		if objection := record.Objection(l); objection != nil {
			leave(objection.Error())
		}
	case !r.HasHolder():
		if err != nil {
			leave(err.Error())
		}
	case !model.Recordable(r.Epoch, now):
		leave("its epoch is beyond belief")
	default:
		c.all = append(c.all, candidate{lease: l, key: key, record: r, want: want, port: cmp.Or(s.Port, contract.RedisPort)})
	}
}

// oneForEachName chooses among records that want one name: the one whose name it is by its namespace and StatefulSet, then the older
// one. The order of what it returns is that of who comes first where two want anything.
func (c *candidates) oneForEachName() (chosen []candidate, rivals []model.LeftOut) {
	slices.SortFunc(c.all, func(a, b candidate) int {
		if outranks(a.key, a.lease, b.key, b.lease) {
			return -1
		}
		return 1
	})
	has := map[string]string{}
	for _, one := range c.all {
		if other := has[one.key.MasterName]; other != "" {
			rivals = append(rivals, model.LeftOut{Lease: one.name(), Why: "Lease " + other + " has the name " + one.key.MasterName})
			continue
		}
		has[one.key.MasterName] = one.name()
		chosen = append(chosen, one)
	}
	return chosen, rivals
}

func (c candidate) name() string { return c.lease.Namespace + "/" + c.lease.Name }

// verified is the group as sentinel.conf has it, with the addresses of its living pods and no others; or why it is not believed. An
// address that somebody only wrote down could be another tenant's, or any port of the cluster.
func (c candidate) verified(pods []*corev1.Pod, w *SentinelSet) (g redisconf.Watched, why string) {
	g = redisconf.Watched{
		Name: c.key.MasterName, Host: c.record.Address.Host, Port: c.record.Address.Port, Quorum: c.want.Quorum, ParallelSyncs: c.want.ParallelSyncs,
		User: c.want.As.User, Password: c.want.As.Password,
		DownAfterMs: c.want.DownAfter.Milliseconds(), FailoverTimeoutMs: c.want.FailoverTimeout.Milliseconds(), Epoch: c.record.Epoch,
	}
	why = "no living pod of the group has the uid and the address that it names as master"
	for _, p := range pods {
		if _, ok := belongs(p, c.key.StatefulSet); !ok || p.Namespace != c.key.Namespace || p.Labels[contract.LabelGroup] != c.key.StatefulSet {
			continue
		}
		at := model.Address{Host: address(p, w.set.PodIP), Port: c.port}
		switch {
		case at.Host == "":
		case at == c.record.Address:
			if string(p.UID) == c.record.PodUID {
				why = ""
			}
		default:
			g.Replicas = append(g.Replicas, redisconf.Endpoint(at))
		}
	}
	return g, why
}
