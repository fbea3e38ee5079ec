// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
)

// sentinelsAreThemselves waits until every Sentinel has a connection to every pod of the group as its own user, and none as another.
func sentinelsAreThemselves(t *testing.T, w *world.World, group world.Group) {
	t.Helper()
	view, _ := formed(t, w, group)
	until(t, "all Sentinels to be logged in as "+contract.MonitorUser, func(ctx context.Context) string {
		for _, node := range view.Nodes {
			list, err := w.In(group, node.Address).Do(ctx, "CLIENT", "LIST").Text()
			if err != nil {
				return node.Pod + ": " + err.Error()
			}
			commanding := 0
			for line := range strings.Lines(list) {
				name, user := field(line, "name"), field(line, "user")
				switch {
				case !strings.HasPrefix(name, "sentinel-"):
				case user != contract.MonitorUser:
					return fmt.Sprintf("%s has %s as user %s", node.Pod, name, user)
				case strings.HasSuffix(name, "-cmd"):
					commanding++
				}
			}
			if commanding != group.Sentinels.Size {
				return fmt.Sprintf("%s has %d Sentinels of %d", node.Pod, commanding, group.Sentinels.Size)
			}
		}
		return ""
	})
}

// field is one value in a line of CLIENT LIST.
func field(line, name string) string {
	for word := range strings.FieldsSeq(line) {
		if value, found := strings.CutPrefix(word, name+"="); found {
			return value
		}
	}
	return ""
}
