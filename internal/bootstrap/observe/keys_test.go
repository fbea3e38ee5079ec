// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// TestEmptiedSecretIsNoSecret: without keys a Redis would be open to replicas of anybody.
func TestEmptiedSecretIsNoSecret(t *testing.T) {
	dir := t.TempDir()
	keys := KeepKeys(dir)
	if got := keys(); got != nil {
		t.Fatalf("keys of nowhere: %v", got)
	}
	for _, prefix := range []string{contract.KeyReplication, contract.KeyObserver} {
		if err := os.WriteFile(filepath.Join(dir, prefix+"1-aa"), []byte("secret\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got := keys(); len(got) != 1 || got[0].ID != "1-aa" || got[0].Replication != "secret" {
		t.Fatalf("got %v", got)
	}
	if err := os.Remove(filepath.Join(dir, contract.KeyReplication+"1-aa")); err != nil {
		t.Fatal(err)
	}
	if got := keys(); len(got) != 1 {
		t.Errorf("a key that is not there any more was forgotten: %v", got)
	}
}
