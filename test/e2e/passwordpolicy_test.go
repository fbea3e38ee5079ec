// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"strings"
	"testing"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
)

// TestPasswordRequired has policy require a password in some namespaces. A group without one is refused where its author sees
// it, with what to do; one that has any is let in, and forms.
func TestPasswordRequired(t *testing.T) {
	w := connect(t)
	in := namespace(t, w, map[string]string{"stage": "guarded"})
	values := keepRelease(t, w)
	helm(t, w, append(upgrade(t, values), "-f", valuesFile(t, `policy:
  rules:
    - name: guarded
      namespaceSelector: {matchLabels: {stage: guarded}}
      settings: {auth: required}
`))...)
	var said string
	took, err := world.Until(t.Context(), reloadWithin, "a webhook to load the policy", func(ctx context.Context) string {
		output, refusal := w.ApplyText(ctx, in, manifest(t, plain("redis", labelled)), "--dry-run=server")
		if refusal == nil {
			return "a group without a password is admitted"
		}
		said = output
		return ""
	})
	must(t, err)
	t.Logf("loaded %.0f s after helm upgrade; refused: %s", took.Seconds(), strings.TrimSpace(said))
	for _, word := range []string{"auth: required", contract.AnnotationAuthSecret, "--requirepass", "redis"} {
		if !strings.Contains(said, word) {
			t.Errorf("the refusal does not say %q", word)
		}
	}
	group := applyWith(t, w, in, secret(contract.AuthKey, clientsPassword), annotated(contract.AnnotationAuthSecret, userFiles))
	formed(t, w, group)
	nobodyEnters(t, w, group)
}
