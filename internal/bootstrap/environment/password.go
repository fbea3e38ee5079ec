// SPDX-License-Identifier: Apache-2.0

package environment

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/conffile"
)

// Password is the agent's own for the server beside it: random, and known to nobody else. A tmpfs that only the agent mounts keeps
// it over a restart of the agent's process, or the next one would be locked out of a server that goes on running.
func (e Environment) Password() (string, error) {
	text, err := os.ReadFile(filepath.Join(e.PrivateDir, "password"))
	if err == nil && len(text) > 0 {
		return string(text), nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("reading the agent's own password: %w", err)
	}
	password := rand.Text()
	return password, conffile.Replace(e.PrivateDir, "password", password, 0o600)
}
