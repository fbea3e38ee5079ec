// SPDX-License-Identifier: Apache-2.0

// Package keys derives every password of this project's own users from one random key. Nothing that is derived is stored where it
// could be lost: whoever has the release's key can write it again, and the same key always gives the same passwords.
//
// Who has what: the webhook the release's key; the agents of a Sentinel set the key of their set, from which they get the
// passwords by which their Sentinels watch any group; the pods of a group the passwords of their group, and of what Sentinels
// present only the hash. So a group's pod can neither pass for a Sentinel nor for a pod of another group.
package keys

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// Release is the key of one installation.
type Release []byte

// Fingerprint distinguishes the key of this installation from one that was lost; it tells nothing of the key.
func (r Release) Fingerprint() string {
	return hex.EncodeToString(derive(r, "fingerprint"))[:8]
}

// Set is the key of one Sentinel set.
func (r Release) Set(namespace, name string) Set { return derive(r, "set", namespace, name) }

// Group is one generation of the keys of one group. Another generation has other passwords.
func (r Release) Group(namespace, statefulSet string, generation int) Group {
	return Group{
		ID:     strconv.Itoa(generation) + "-" + r.Fingerprint(),
		secret: derive(r, "group", namespace, statefulSet, strconv.Itoa(generation)),
	}
}

// Group is one generation of a group's keys.
type Group struct {
	// ID names the generation: its number, and the fingerprint of the key that it comes from.
	ID     string
	secret []byte
}

// Replication is the password by which the group's replicas present themselves to their master.
func (g Group) Replication() string { return text(derive(g.secret, "replication")) }

// Observer is the password by which the group's agents read the state of each other's Redis.
func (g Group) Observer() string { return text(derive(g.secret, "observer")) }

// Set is the key of a Sentinel set.
type Set []byte

// Monitor is the password by which the Sentinels of the set present themselves to the servers of a group, in the generation id.
func (s Set) Monitor(namespace, statefulSet, id string) string {
	return text(derive(s, "monitor", namespace, statefulSet, id))
}

// FingerprintOf is the fingerprint in the id of a generation; empty where there is none.
func FingerprintOf(id string) string {
	_, fingerprint, _ := strings.Cut(id, "-")
	return fingerprint
}

// Hash is a password as servers store it, in hex.
func Hash(password string) string {
	sum := sha256.Sum256([]byte(password))
	return hex.EncodeToString(sum[:])
}

// Parse reads a key that was stored as text.
func Parse(stored []byte) ([]byte, error) {
	key, err := hex.DecodeString(strings.TrimSpace(string(stored)))
	if err != nil || len(key) != sha256.Size {
		return nil, fmt.Errorf("a key is %d hexadecimal digits, not %d bytes of something else", 2*sha256.Size, len(stored))
	}
	return key, nil
}

// Text is a key as it is stored.
func Text(key []byte) string { return hex.EncodeToString(key) }

// derive is HMAC-SHA256 over labels, each with its length before it, so that no two lists of labels give the same text.
func derive(key []byte, labels ...string) []byte {
	mac := hmac.New(sha256.New, key)
	for _, label := range labels {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(label)))
		mac.Write(length[:])
		mac.Write([]byte(label))
	}
	return mac.Sum(nil)
}

// text is a derived password: letters and digits, which no configuration file or command line has to quote.
func text(secret []byte) string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
}
