// SPDX-License-Identifier: Apache-2.0

package apiserver

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// TestAttackHugeReview: reviews of up to 6.7 MB, most of them empty containers, several at once and again and again, from whoever reaches
// the port. First version: 419 MiB of allocations and 2.2 s of CPU for each, with a limit of 192 MiB.
func TestAttackHugeReview(t *testing.T) {
	w := install(t)
	w.start(t)
	ns := w.tenant(t)
	set := labelled(ns, 0)
	raw, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	mallory := attacker{port: w.port}
	var all sync.WaitGroup
	for _, review := range []struct {
		containers int
		refused    bool
	}{{1_100_000, true}, {500_000, true}, {100_000, true}, {9_000, false}} {
		object := strings.Replace(string(raw), `"containers":[`, `"containers":[`+strings.Repeat("{},", review.containers), 1)
		body := fmt.Appendf(nil, `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"42","namespace":%q,"name":"redis","operation":"UPDATE","object":%s,"oldObject":%s}}`, ns, object, object)
		all.Go(func() {
			for range 4 {
				status, _, err := mallory.send(t, contract.PathMutateStatefulSets, body)
				if err == nil && status < 300 && review.refused {
					t.Errorf("a review of %d kB is answered by %d", len(body)>>10, status)
				}
			}
		})
	}
	create(t, w.client, set) // those of the API server are answered meanwhile
	pod := podOf(set, 0)
	create(t, w.client, pod)
	all.Wait()
	if set.Spec.Template.Labels[contract.LabelOptIn] == "" || len(pod.Spec.InitContainers) == 0 {
		t.Error("a StatefulSet or its pod was not admitted during the attack")
	}
	const limit = 192
	took := peak(t, w.process.Process.Pid)
	t.Logf("the webhook took %d MiB at most", took)
	if took > limit {
		t.Errorf("the webhook took %d MiB, and has a limit of %d", took, limit)
	}
}

// peak is how many MiB of memory a process has taken at most.
func peak(t *testing.T, pid int) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if words := strings.Fields(line); len(words) > 1 && words[0] == "VmHWM:" {
			kib, err := strconv.Atoi(words[1])
			if err != nil {
				t.Fatal(err)
			}
			return kib >> 10
		}
	}
	t.Fatal("this kernel does not say what memory a process takes")
	return 0
}
