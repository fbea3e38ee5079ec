// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"encoding/json"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// Request annotates the StatefulSet: a person wants a pod to lead. Nobody takes it off here but the next request, and nil.
func (set *Set) Request(to *Pod) {
	s := set.scene
	s.T.Helper()
	wanted := "null"
	if to != nil {
		wanted = `"` + to.Name + `"`
	}
	patch := `{"metadata":{"annotations":{"` + contract.AnnotationHandover + `":` + wanted + `}}}`
	if _, err := s.Client.AppsV1().StatefulSets(s.Namespace).Patch(s.context(), set.Name, types.MergePatchType, []byte(patch), metav1.PatchOptions{}); err != nil {
		s.T.Fatal(err)
	}
	s.Logf("asked to lead: %s", wanted)
}

// Handover is what an agent logged of one that it began.
type Handover struct {
	Pause, Announcing time.Duration
}

// Handovers are those that agents of the set logged, and that came as far as the pause.
func (set *Set) Handovers() []Handover {
	var all []Handover
	for _, p := range append(set.Live(), set.past...) {
		for line := range strings.Lines(p.Log("agent.log")) {
			var said struct {
				Msg string `json:"msg"`
				Handover
			}
			if json.Unmarshal([]byte(line), &said) == nil && said.Msg == "handover" && said.Pause > 0 {
				all = append(all, said.Handover)
			}
		}
	}
	return all
}
