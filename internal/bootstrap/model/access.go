// SPDX-License-Identifier: Apache-2.0

package model

import (
	"errors"
	"strconv"
	"strings"
)

// Key is one generation of a group's keys, as a pod of the group has it.
type Key struct {
	// ID names the generation.
	ID string
	// Replication and Observer are passwords.
	Replication string
	Observer    string
	// Monitor is the hash of the password that Sentinels present.
	Monitor string
}

// KeyUse says which generations one pod's Redis accepts, and which its pod presents. Of a Sentinel it says what that presents.
type KeyUse struct {
	Accepts  []string `json:"accepts,omitempty"`
	Presents string   `json:"presents,omitempty"`
}

// ErrPartly is the error of users of which the most needed one, by which replicas know their master, is as it should be.
var ErrPartly = errors.New("some users are not as they should be")

// Credential is what a client presents. Without a user it is the password of the default user, without both nothing is presented.
type Credential struct {
	User     string
	Password string
}

// Access is which passwords the users of this project have on a Redis, and what that Redis presents itself.
type Access struct {
	// Open reports whether replicas may present any password: of a pod that knows no keys.
	Open bool
	// Replication and Observer are passwords, any of which is accepted.
	Replication []string
	Observer    []string
	// Monitor are hashes of passwords.
	Monitor []string
	// PasswordRequired keeps clients out while the default user wants none.
	PasswordRequired bool
	// Clients are hashes of the passwords of the default user, where the group takes them from a Secret; nil leaves that user
	// alone.
	Clients []string
	// Master is presented to a master with an agent.
	Master Credential
	// Peer is presented to the Redis of another pod, to read its state. It is empty where there are no keys.
	Peer Credential
}

// Users are those of a server.
type Users struct {
	// List is how the server lists them, one line each.
	List string
	// Judged reports whether each of them was looked at as it is in the list.
	Judged bool
}

// sentinelPrefix begins the names under which Sentinels say what they present; no uid begins so.
const sentinelPrefix = "sentinel-"

// SentinelUse is the name under which the Sentinel of an ordinal says what it presents.
func SentinelUse(ordinal int) string { return sentinelPrefix + strconv.Itoa(ordinal) }

// SentinelName reports whether a name is one of a Sentinel.
func SentinelName(name string) bool { return strings.HasPrefix(name, sentinelPrefix) }
