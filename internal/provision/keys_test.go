// SPDX-License-Identifier: Apache-2.0

package provision

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/keys"
)

// TestKeysOfAGroup: the wanted generation and the one before, and of what Sentinels present the hash alone.
func TestKeysOfAGroup(t *testing.T) {
	release := keys.Release(bytes.Repeat([]byte{1}, 32))
	data := func(generation int) map[string][]byte {
		g := group()
		g.KeyGeneration, g.Settings.Sentinels.Namespace, g.Settings.Sentinels.Name = generation, "sentinels", "all"
		return keysPart(g, release).object.(*corev1.Secret).Data
	}
	first, second, third := data(1), data(2), data(3)
	if len(first) != 3 || len(second) != 6 || len(third) != 6 || !maps.EqualFunc(first, data(0), bytes.Equal) {
		t.Fatalf("%d, %d and %d keys", len(first), len(second), len(third))
	}
	for name, value := range first {
		if !bytes.Equal(second[name], value) || third[name] != nil {
			t.Errorf("%s is not of the first two generations alone, or changed", name)
		}
	}
	id := release.Group("shop", "cart", 1).ID
	monitor := release.Set("sentinels", "all").Monitor("shop", "cart", id)
	if string(first[contract.KeyMonitor+id]) != keys.Hash(monitor) {
		t.Error("the group does not know its Sentinels")
	}
	for _, secret := range []string{monitor, keys.Text(release), keys.Text(release.Set("sentinels", "all"))} {
		if slices.ContainsFunc(slices.Collect(maps.Values(second)), func(v []byte) bool { return strings.Contains(string(v), secret) }) {
			t.Error("the group could pass for a Sentinel")
		}
	}
}
