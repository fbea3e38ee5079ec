// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// ReleaseKey is the key of the installation that a lab stands for.
var ReleaseKey = bytes.Repeat([]byte{7}, 32)

// Rotate raises the generation of a group's keys, as a policy does: in its Secret first, then in the record.
func (s *Scene) Rotate(set *Set, generation int) {
	s.T.Helper()
	group := *set.group
	group.KeyGeneration = generation
	if err := s.provisioner.Repair(s.context(), group); err != nil {
		s.T.Fatal(err)
	}
}

// Everything is what people can read of the scene without being allowed to read Secrets: objects, Events, logs, and what agents
// say of themselves.
func (s *Scene) Everything(ctx context.Context) string {
	s.T.Helper()
	var all strings.Builder
	add := func(object any, err error) {
		if err != nil {
			s.T.Error(err)
			return
		}
		text, err := json.Marshal(object)
		if err != nil {
			s.T.Error(err)
		}
		all.Write(text)
	}
	pods, err := s.Client.CoreV1().Pods(s.Namespace).List(ctx, metav1.ListOptions{})
	add(pods, err)
	leases, err := s.Client.CoordinationV1().Leases(s.Namespace).List(ctx, metav1.ListOptions{})
	add(leases, err)
	events, err := s.Client.CoreV1().Events(s.Namespace).List(ctx, metav1.ListOptions{})
	add(events, err)
	for _, set := range s.sets {
		for _, p := range set.Live() {
			for _, path := range []string{contract.PathStatus, contract.PathMetrics} {
				all.WriteString(p.says(ctx, path))
			}
			for _, log := range []string{"agent.log", "server.log"} {
				text, _ := os.ReadFile(filepath.Join(p.root, log)) // one that is not there says nothing
				all.Write(text)
			}
		}
	}
	return all.String()
}

// says is what the agent answers at a path; empty where it does not.
func (p *Pod) says(ctx context.Context, path string) string {
	url := "http://" + netip.AddrPortFrom(p.Address, contract.AgentPort).String() + path
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return ""
	}
	response, err := probing.Do(request)
	if err != nil {
		return ""
	}
	defer response.Body.Close() //nolint:errcheck // read only
	text, _ := io.ReadAll(response.Body)
	return string(text)
}

// withoutKeys makes an injected pod one of the version before, whose agent knew no keys.
func withoutKeys(pod *corev1.Pod) {
	keep := pod.Spec.Volumes[:0]
	for _, v := range pod.Spec.Volumes {
		if v.Name != contract.KeysVolume {
			keep = append(keep, v)
		}
	}
	pod.Spec.Volumes = keep
	for i := range pod.Spec.InitContainers {
		c := &pod.Spec.InitContainers[i]
		mounts := c.VolumeMounts[:0]
		for _, m := range c.VolumeMounts {
			if m.Name != contract.KeysVolume {
				mounts = append(mounts, m)
			}
		}
		c.VolumeMounts = mounts
	}
}

// CurrentEpoch is what a Sentinel has saved as its current epoch; 0 where it has no file.
func (p *Pod) CurrentEpoch() uint64 {
	for line := range strings.Lines(p.File(contract.SentinelConfFile)) {
		if text, ok := strings.CutPrefix(line, "sentinel current-epoch "); ok {
			epoch, _ := strconv.ParseUint(strings.TrimSpace(text), 10, 64)
			return epoch
		}
	}
	return 0
}

// Now is the time as the scene's agents have it.
func (s *Scene) Now() time.Time { return time.Now() }
