// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/image"
)

// TestPolicySaysWhatAMirrorIs: signs speak against a name alone, not against policy.
func TestPolicySaysWhatAMirrorIs(t *testing.T) {
	mirror := []corev1.Container{{Name: "redis", Image: "harbor.example/redis:7.4", Env: []corev1.EnvVar{{Name: "REDIS_PASSWORD", Value: "x"}}}}
	official, ok := image.Like("redis", []string{"harbor.example/redis"})
	if !ok {
		t.Fatal("no family is called redis")
	}
	for name, c := range map[string]struct {
		table   image.Table
		refused bool
	}{
		"nobody says":  {nil, true},
		"policy says":  {image.Table{official}, false},
		"of the other": {image.Table{{Name: "x", Images: []string{"harbor.example/other"}}}, true},
	} {
		if err := describe(mirror, nil, c.table)[0].hiddenByImage(); (err != nil) != c.refused {
			t.Errorf("%s: %v, want a refusal: %t", name, err, c.refused)
		}
	}
}
