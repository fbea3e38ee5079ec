// SPDX-License-Identifier: Apache-2.0

package environment

import (
	"log/slog"
	"maps"
	"strings"
	"testing"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

func injected(change map[string]string) func(string) string {
	vars := map[string]string{
		contract.EnvNamespace: "ns", contract.EnvPodName: "redis-0", contract.EnvPodUID: "uid", contract.EnvPodIPs: "10.0.0.7,fd00::7",
		contract.EnvNodeName: "node-1", contract.EnvSettings: `{"version":1,"role":"redis","statefulSet":"redis","port":6380,"redis":{}}`,
	}
	maps.Copy(vars, change)
	return func(name string) string { return vars[name] }
}

func TestEnvironmentOfAnInjectedPod(t *testing.T) {
	e, err := Read(injected(nil), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if e.PodIP.String() != "10.0.0.7" || e.NodeName != "node-1" || e.Server().String() != "127.0.0.1:6380" {
		t.Errorf("pod %s on %s, server %s: want the first address, its node, and loopback of its family", e.PodIP, e.NodeName, e.Server())
	}
	e, err = Read(injected(map[string]string{contract.EnvPodIPs: "fd00::7,10.0.0.7"}), e.Log)
	if err != nil || e.Server().String() != "[::1]:6380" {
		t.Errorf("server %s err=%v, want the IPv6 loopback", e.Server(), err)
	}
}

// TestWhatIsMissingIsNamed: an agent outside of an injected pod says which variable it lacks.
func TestWhatIsMissingIsNamed(t *testing.T) {
	for _, name := range []string{contract.EnvNamespace, contract.EnvPodName, contract.EnvPodUID, contract.EnvPodIPs, contract.EnvSettings} {
		if _, err := Read(injected(map[string]string{name: ""}), nil); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("without %s: %v", name, err)
		}
	}
}
