// SPDX-License-Identifier: Apache-2.0

package image

import "testing"

// TestPolicyCountsBeforeTheTable: also for images of which it is known that they start in a way of their own.
func TestPolicyCountsBeforeTheTable(t *testing.T) {
	like, _ := Like("redis", []string{"dhi.io/redis"})
	if f, _, known := (Table{like}).Find("dhi.io/redis:8"); !known || f.Start != ByArguments {
		t.Errorf("%+v", f)
	}
	if f, _, known := (Table{}).Find("dhi.io/redis:8"); !known || f.Hint == "" {
		t.Errorf("%+v", f)
	}
	if _, _, known := (Table{}).Find("cgr.dev/chainguard/prometheus-redis-exporter"); known {
		t.Error("an exporter is taken for a server")
	}
}

func TestFamilyOfAnImage(t *testing.T) {
	for name, c := range map[string]struct {
		family string
		old    bool
		sure   bool
	}{
		"redis":                                     {"redis", false, true},
		"redis:7-alpine":                            {"redis", false, true},
		"redis:6":                                   {"redis", false, true},
		"redis:6.2":                                 {"redis", false, true},
		"redis:6.0.6":                               {"redis", true, true},
		"redis:5.0-rc":                              {"redis", true, true},
		"docker.io/library/redis:7.2-bookworm":      {"redis", false, true},
		"registry.k8s.io/redis:e2e":                 {"redis", false, false},
		"redis@sha256:0123":                         {"redis", false, false},
		"redis:8.0@sha256:0123":                     {"redis", false, true},
		"registry.example:5000/mirror/redis:5":      {"redis", true, true},
		"registry.example:5000/redis":               {"redis", false, true},
		"redis:alpine3.20":                          {"redis", false, true},
		"valkey/valkey:7.2.11-alpine":               {"valkey", false, true},
		"valkey/valkey:unstable":                    {"valkey", false, false},
		"mcr.microsoft.com/oss/bitnami/redis:6.0.8": {"bitnami-redis", true, true},
		"bitnamilegacy/valkey:8.0":                  {"bitnami-valkey", false, true},
		"bitnami/redis-sentinel:7":                  {"", false, true},
		"redis/redis-stack:7.4.0-v8":                {"redis-stack", false, true},
		"redis/redis-stack-server:7.2.0-v9":         {"redis-stack-server", false, true},
		"eqalpha/keydb:x86_64_v6.3.2":               {"keydb", false, false},
		"docker.io/goharbor/valkey-photon:dev":      {"", false, false},
		"quay.io/sclorg/redis-7-c9s:latest":         {"sclorg-redis", false, true},
	} {
		f, r, known := Table{}.Find(name)
		if f.Name != c.family || known != (c.family != "") {
			t.Errorf("%s: family %q, want %q", name, f.Name, c.family)
		}
		v, sure, fresh := VersionOf(r)
		if f.Least != nil && (sure && v.Before(*f.Least)) != c.old {
			t.Errorf("%s: version %s is too old: %t, want %t", name, v, !c.old, c.old)
		}
		if (sure || fresh) != c.sure {
			t.Errorf("%s: its version is certain: %t, want %t", name, sure || fresh, c.sure)
		}
	}
}
