// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// tail is how many lines of each log are shown.
const tail = 60

// Dump shows the last of everything: records, Events, and the logs of all processes.
func (s *Scene) Dump() {
	ctx, cancel := context.WithTimeout(s.context(), 10*time.Second)
	defer cancel()
	for _, set := range s.sets {
		if set.Sentinel {
			continue
		}
		if _, lease, err := set.Record(ctx); err == nil {
			s.T.Logf("record of %s: version %s %v", set.Name, lease.ResourceVersion, lease.Annotations)
		}
		for _, p := range s.Sentinels.Live() {
			s.T.Logf("%s names %q", p.Name, p.Named(ctx, set))
		}
	}
	if list, err := s.Client.CoreV1().Events(s.Namespace).List(ctx, metav1.ListOptions{}); err == nil {
		for _, e := range list.Items {
			s.T.Logf("Event %s %s: %s %s", e.FirstTimestamp.Format("15:04:05"), e.InvolvedObject.Name, e.Reason, e.Message)
		}
	}
	for _, set := range s.sets {
		for _, p := range slices.Concat(set.past, set.Live()) {
			for _, name := range []string{"agent.log", "server.log"} {
				s.T.Logf("%s of %s (%s, uid %s):\n%s", name, p.Name, p.Address, p.UID, lastLines(filepath.Join(p.root, name)))
			}
		}
	}
	for _, b := range s.bare {
		s.T.Logf("log of %s (%s):\n%s", b.Name, b.Address, lastLines(b.log()))
	}
}

func lastLines(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(string(bytes.TrimSpace(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-tail):], "\n")
}

// Log is what agent or server of the pod has logged so far.
func (p *Pod) Log(name string) string {
	text, _ := os.ReadFile(filepath.Join(p.root, name))
	return string(text)
}

// Stalled reports whether a Sentinel of the scene found that the machine had stood still: it declares no server down for half a
// minute then, and times that were measured meanwhile mean nothing.
func (s *Scene) Stalled() bool {
	for _, p := range slices.Concat(s.Sentinels.past, s.Sentinels.Live()) {
		if strings.Contains(p.Log("server.log"), "+tilt") {
			return true
		}
	}
	return false
}

// Bar fails the test where something took longer than it may, unless the machine stood still meanwhile.
func (s *Scene) Bar(what string, took, most time.Duration) {
	s.T.Helper()
	switch {
	case took <= most:
		s.Logf("%s: %.2f s, at most %.1f s are allowed", what, took.Seconds(), most.Seconds())
	case s.Stalled():
		s.Logf("%s: %.2f s instead of %.1f s, on a machine that stood still for seconds", what, took.Seconds(), most.Seconds())
	default:
		s.T.Errorf("%s: %.2f s, at most %.1f s are allowed", what, took.Seconds(), most.Seconds())
	}
}
