// SPDX-License-Identifier: Apache-2.0

package redisagent

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/conffile"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide"
)

// keptFile lies beside redis.conf, on the node's disk, for as long as the pod lives.
const keptFile = "kept.json"

// keeper has the part of the memory that outlives an agent.
type keeper struct {
	dir string
	has decide.Kept
}

// newKeeper reads what the agent before this one left. Where there is nothing, or nothing that can be read, nothing is known, as in a new
// pod; an error says why.
func newKeeper(dir string) (*keeper, error) {
	k := &keeper{dir: dir}
	text, err := os.ReadFile(filepath.Join(dir, keptFile))
	if errors.Is(err, fs.ErrNotExist) {
		return k, nil
	}
	if err != nil {
		return k, fmt.Errorf("reading what the last agent of this pod knew: %w", err)
	}
	if err := json.Unmarshal(text, &k.has); err != nil {
		k.has = decide.Kept{}
		return k, fmt.Errorf("reading %s: %w", filepath.Join(dir, keptFile), err)
	}
	return k, nil
}

// keep writes down what is to outlive this agent; nothing where that stands there already.
func (k *keeper) keep(now decide.Kept) error {
	if now.Equal(k.has) {
		return nil
	}
	text, err := json.Marshal(now)
	if err != nil {
		return fmt.Errorf("writing %s: %w", filepath.Join(k.dir, keptFile), err)
	}
	if err := conffile.Replace(k.dir, keptFile, string(text), 0o600); err != nil {
		return err
	}
	k.has = now
	return nil
}
