// SPDX-License-Identifier: Apache-2.0

package process

import (
	"fmt"
	"maps"
	"strconv"
	"strings"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/process/lab"
)

// tenants are a victim, and somebody who has the role edit and a group of his own in another namespace that the same Sentinels serve.
// There are no admission policies here: what they would keep out is let in, and has to be worth nothing.
type tenants struct {
	scene   *lab.Scene
	victim  *lab.Set
	master  *lab.Pod
	mallory kubernetes.Interface
	// namespace, group and server are his.
	namespace string
	group     *lab.Set
	server    *lab.Pod
}

func twoTenants(s *lab.Scene) tenants {
	s.T.Helper()
	theirs := s.Tenant()
	victim, master := group(s, lab.Options{})
	own := theirs.Set(lab.Options{Name: "mine", Replicas: 3})
	own.StartAll()
	return tenants{
		scene: s, victim: victim, master: master, mallory: theirs.As("mallory"), namespace: theirs.Namespace, group: own, server: own.WaitFormed(stalled),
	}
}

// forge makes of a Lease a record of a group that asks for the victim's name and gives the attacker's server as its master.
func (a tenants) forge(t *testing.T, name, statefulSet string, epoch uint64) {
	t.Helper()
	leases := a.mallory.CoordinationV1().Leases(a.namespace)
	own, err := leases.Get(t.Context(), contract.ObjectName(a.group.Name), metav1.GetOptions{})
	must(t, err)
	settings, err := contract.DecodeGroupSettings(own.Annotations[contract.RecordSettings])
	must(t, err)
	settings.MasterName = a.victim.MasterName()
	text, err := contract.EncodeGroupSettings(settings)
	must(t, err)
	record := &coordinationv1.Lease{}
	if name == own.Name {
		record = own
	}
	record.Name, record.Spec.HolderIdentity = name, &a.server.Name
	if record.Labels == nil {
		record.Labels, record.Annotations = map[string]string{}, map[string]string{}
	}
	record.Labels[contract.LabelGroup] = statefulSet
	maps.Copy(record.Annotations, map[string]string{
		contract.RecordSettings: text, contract.RecordEpoch: strconv.FormatUint(epoch, 10),
		contract.RecordPodUID: a.server.UID, contract.RecordAddress: fmt.Sprintf("%s:%d", a.server.Address, contract.RedisPort),
	})
	if record.ResourceVersion != "" {
		_, err = leases.Update(t.Context(), record, metav1.UpdateOptions{})
	} else {
		_ = leases.Delete(t.Context(), name, metav1.DeleteOptions{}) // the one before
		_, err = leases.Create(t.Context(), record, metav1.CreateOptions{})
	}
	if err != nil && !strings.Contains(err.Error(), "the object has been modified") {
		t.Fatal(err)
	}
}

// forged forges again and again while Sentinels answer clients of the victim.
func (a tenants) forged(t *testing.T, again func(n int)) {
	t.Helper()
	answers := watchAnswers(t, a.scene, a.victim)
	const every = 250 * time.Millisecond
	for n, end := 0, time.Now().Add(lab.DownAfter+failover); time.Now().Before(end); n++ {
		again(n)
		time.Sleep(every) // as fast as the attack on the first version was
	}
	unmoved(a.scene, a.victim, a.master, lab.DownAfter)
	counts := answers(a.master)
	// A Sentinel that has forgotten the group answers nothing; one whose answer was late, on a loaded machine, too.
	if right, all := counts[a.master.Address.String()], sum(counts); right*10 < all*9 {
		t.Errorf("of %d answers only %d named a master", all, right)
	}
	a.victim.WaitFormed(stalled)
	a.group.WaitFormed(stalled)
}

func sum(counts map[string]int) int {
	all := 0
	for _, n := range counts {
		all += n
	}
	return all
}

// TestAttackNameOfAnotherGroup: a tenant writes a record into his own namespace whose settings give his group the name of another
// tenant's, and does the same to the record that his own group has. First version: all three Sentinels forgot the group of the victim;
// 19 of 492 answers still named a master.
func TestAttackNameOfAnotherGroup(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *lab.Scene) {
		a := twoTenants(s)
		a.forged(t, func(n int) {
			epoch := model.NextEpoch(time.Now(), 0)
			if n == 0 {
				a.forge(t, contract.ObjectName("evil"), "evil", epoch)
			}
			a.forge(t, contract.ObjectName(a.group.Name), a.group.Name, epoch)
		})
	})
}

// TestAttackEpochADayAhead: the same with an epoch as far ahead as the first version took for honest, written anew four times a
// second. First version: 1012 of 1020 answers named the attacker's Redis.
func TestAttackEpochADayAhead(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *lab.Scene) {
		a := twoTenants(s)
		a.forged(t, func(int) {
			a.forge(t, contract.ObjectName("evil"), "evil", uint64(time.Now().Add(24*time.Hour-5*time.Millisecond).UnixMilli()))
		})
	})
}

// TestAttackFatRecords: forty Leases of 250 kB, some with the labels of a record. First version: 16 MiB of memory for each Sentinel's
// agent.
func TestAttackFatRecords(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *lab.Scene) {
		a := twoTenants(s)
		const most = 4 // MiB; kept whole, they take 8
		before := map[*lab.Pod]int64{}
		for _, p := range s.Sentinels.Live() {
			bytes, err := p.AgentMemory()
			must(t, err)
			before[p] = bytes
		}
		for n := range 40 {
			name := fmt.Sprintf("fat%d", n)
			fat := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: contract.ObjectName(name), Annotations: map[string]string{
				contract.RecordEpoch: "2048", contract.RecordSettings: strings.Repeat("x", 125_000), "theirs": strings.Repeat("y", 125_000),
			}}}
			if n%2 == 0 {
				fat.Labels = map[string]string{contract.LabelGroup: name}
			}
			_, err := a.mallory.CoordinationV1().Leases(a.namespace).Create(t.Context(), fat, metav1.CreateOptions{})
			must(t, err)
		}
		// The last one has come when a change after it has.
		electOther(s, a.victim, a.master)
		a.victim.WaitFormed(stalled)
		for _, p := range s.Sentinels.Live() {
			bytes, err := p.AgentMemory()
			must(t, err)
			grown := (bytes - before[p]) >> 20
			s.Logf("%s: its agent took %d MiB at most, %d of them since", p.Name, bytes>>20, grown)
			if grown > most {
				t.Errorf("the agent of %s took %d MiB more than before, at most %d are allowed", p.Name, grown, most)
			}
		}
	})
}
