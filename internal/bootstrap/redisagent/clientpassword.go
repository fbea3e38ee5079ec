// SPDX-License-Identifier: Apache-2.0

package redisagent

import (
	"crypto/rand"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/conffile"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/environment"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/keys"
)

// clientPassword is the default user's password as the user's Secret has it. After a change the one before is accepted too, for as
// long as policy says: clients change theirs when they can. A pod that starts after the change has not seen it, and accepts it where
// the Secret has it.
type clientPassword struct {
	env   environment.Environment
	grace time.Duration
	known known
	// nobody is the hash of a password that nobody knows. The empty one would not do: Redis lets in who presents that.
	nobody string
}

// known are hashes, as the agent's own tmpfs keeps them over a restart of its process.
type known struct {
	Now    string    `json:"now"`
	Before string    `json:"before,omitempty"`
	Since  time.Time `json:"since"`
}

const knownFile = "client-password"

// newClientPassword is nil where the group takes no password from a Secret.
func newClientPassword(env environment.Environment) *clientPassword {
	grace := time.Duration(env.Settings.Redis.RotationGraceMs) * time.Millisecond
	if grace <= 0 {
		return nil
	}
	c := &clientPassword{env: env, grace: grace, nobody: keys.Hash(rand.Text())}
	if text, err := os.ReadFile(filepath.Join(env.PrivateDir, knownFile)); err == nil {
		_ = json.Unmarshal(text, &c.known) // without it only the present password is accepted
	}
	return c
}

// hashes are those that are accepted now. While the Secret has no password it is what it was; where it never had one nobody may
// enter, and one hash says so.
func (c *clientPassword) hashes(now time.Time) []string {
	if c == nil {
		return nil
	}
	if password := c.read(contract.AuthKey); password != "" && keys.Hash(password) != c.known.Now {
		c.known = known{Now: keys.Hash(password), Before: c.known.Now, Since: now}
		if text, err := json.Marshal(c.known); err == nil {
			if err = conffile.Replace(c.env.PrivateDir, knownFile, string(text), 0o600); err != nil {
				c.env.Log.Error("cannot keep the hash of the password before: clients that still present it are refused after a restart of the agent", "error", err.Error())
			}
		}
	}
	if c.known.Now == "" {
		return []string{c.nobody}
	}
	accepted := []string{c.known.Now}
	if c.known.Before != "" && now.Sub(c.known.Since) < c.grace {
		accepted = append(accepted, c.known.Before)
	}
	if previous := c.read(contract.AuthPreviousKey); previous != "" && !slices.Contains(accepted, keys.Hash(previous)) {
		accepted = append(accepted, keys.Hash(previous))
	}
	return accepted
}

// missing reports whether the Secret never had a password, so that nobody may enter. It is up to date after hashes.
func (c *clientPassword) missing() bool { return c != nil && c.known.Now == "" }

// read is a password, without the line end that an editor leaves; empty where the Secret has none.
func (c *clientPassword) read(key string) string {
	path := filepath.Join(c.env.AuthDir, key)
	if own := c.env.Settings.Redis.PasswordFile; own != "" && key == contract.AuthKey {
		path = own
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return strings.TrimRight(string(text), "\r\n")
}
