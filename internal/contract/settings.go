// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// SettingsVersion is raised when an agent that does not know a field would do harm. An agent refuses newer settings.
const SettingsVersion = 1

// Settings is what the webhook tells the agent of one pod, as JSON in EnvSettings.
type Settings struct {
	// Version is SettingsVersion of the writer.
	Version int `json:"version"`
	// Role is PodRoleRedis or PodRoleSentinel.
	Role string `json:"role"`
	// StatefulSet is the name of the group, or of the Sentinel set.
	StatefulSet string `json:"statefulSet"`
	// Port is the port of the Redis or Sentinel server in this pod.
	Port int `json:"port"`

	Redis    *RedisSettings    `json:"redis,omitempty"`
	Sentinel *SentinelSettings `json:"sentinel,omitempty"`
}

// RedisSettings are the settings of a pod of a group.
type RedisSettings struct {
	// Include is the user's redis.conf as the Redis container sees it; the generated file includes it first. Empty: none.
	Include string `json:"include,omitempty"`
	// IncludeFirst are files of which the first that is there is included, in the place of Include.
	IncludeFirst []string `json:"includeFirst,omitempty"`
	// Before are lines that come before what is included, where that is not Whole.
	Before []string `json:"before,omitempty"`
	// Whole is that of IncludeFirst which stands for all that the image would have written.
	Whole string `json:"whole,omitempty"`
	// ConfigPlace is where the server finds the generated file, where that is not RedisConfFile.
	ConfigPlace string `json:"configPlace,omitempty"`
	// PasswordFile has the clients' password, as an image that is configured by variables would read it.
	PasswordFile string `json:"passwordFile,omitempty"`
	// Diskless is set where Redis has no directory to write to: a full sync must do without, and nothing is saved.
	Diskless bool `json:"diskless,omitempty"`
	// ACLFile is the user's own file with users, where an argument names it. Empty: the agent looks into Include.
	ACLFile string `json:"aclFile,omitempty"`
	// RotationGraceMs is how long the clients' password before the present one is still accepted, where a Secret has it; 0 where none
	// has.
	RotationGraceMs int64 `json:"rotationGraceMs,omitempty"`
	// PasswordRequired keeps clients out of a Redis whose default user has no password.
	PasswordRequired bool `json:"passwordRequired,omitempty"`
	// ShutDefault is set where a password is required and no option names the default user: where no file does either, it is switched off
	// from the first moment.
	ShutDefault bool `json:"shutDefault,omitempty"`
	// DataVolume is the pod volume that holds Redis' data, when it is a volume claim; empty when data dies with the pod.
	DataVolume string `json:"dataVolume,omitempty"`
	// MinReplicasToWrite is applied while at least two replicas are online. Negative: the default, 1.
	MinReplicasToWrite int `json:"minReplicasToWrite"`
	// MinReplicasMaxLag is in seconds; 0 where policy says nothing, so that the user's file does, or LongestLag.
	MinReplicasMaxLag int `json:"minReplicasMaxLag,omitempty"`
	// InitialMaster is the pod whose data leads when the group forms from data sets that do not belong together.
	InitialMaster string `json:"initialMaster,omitempty"`
	// ReplaceData is the pod whose foreign data may be replaced by the master's.
	ReplaceData string `json:"replaceData,omitempty"`
	// RecoveryTimeoutMs is how long formation and recovery wait for a possible holder of data that does not answer.
	RecoveryTimeoutMs int64 `json:"recoveryTimeoutMs"`
	// Group is what Sentinels are told; the same stands in the record, which wins where they differ.
	Group GroupSettings `json:"group"`
}

// SentinelSettings are the settings of a pod of a Sentinel set.
type SentinelSettings struct {
	// Service is the headless Service of the set, in the set's namespace.
	Service string `json:"service"`
	// Namespaces that this set serves; "*" is every namespace. A Sentinel set is one trust domain. Empty: its own only.
	Namespaces []string `json:"namespaces,omitempty"`
}

// GroupSettings are resolved by policy and written into the record by the webhook, so that all Sentinels apply one
// version of them whatever the age of the group's pods.
type GroupSettings struct {
	// Sentinels is the set that watches the group.
	Sentinels SentinelSet `json:"sentinels"`
	// Quorum is how many Sentinels must agree that the master is down; 0 means a majority of the set.
	Quorum int `json:"quorum,omitempty"`
	// DownAfterMs, at least 2000: below, Sentinel takes a new master for dead before it has connected to it.
	DownAfterMs int64 `json:"downAfterMs"`
	// FailoverTimeoutMs is Sentinel's failover-timeout.
	FailoverTimeoutMs int64 `json:"failoverTimeoutMs"`
	// ParallelSyncs is how many replicas are re-pointed at the same time after a failover.
	ParallelSyncs int `json:"parallelSyncs"`
	// MasterName is set only where policy gives another name than MasterName().
	MasterName string `json:"masterName,omitempty"`
	// Port of the Redis servers of the group.
	Port int `json:"port"`
	// MasterService is the Service that leads to the master, in the namespace of the group. Empty: not known.
	MasterService string `json:"masterService,omitempty"`
	// Key is the id of the generation of the group's keys that all shall use. Empty: whichever there is.
	Key string `json:"key,omitempty"`
}

// SentinelSet names a Sentinel StatefulSet and where its members are found.
type SentinelSet struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	// Service is the headless Service that gives each Sentinel a name: <set>-<ordinal>.<service>.<namespace>.svc
	Service string `json:"service"`
	// Replicas is the number of Sentinels in the set; majorities are counted against it.
	Replicas int `json:"replicas"`
	Port     int `json:"port"`
}

// Defaults of group settings.
const (
	DefaultDownAfterMs       = 5000
	MinDownAfterMs           = 2000
	DefaultFailoverTimeoutMs = 10000
	DefaultRecoveryTimeoutMs = 60000
	// DefaultCrashLoss is how far behind a replica may be that takes over from a master whose data will be back.
	DefaultCrashLoss        = 2 * time.Second
	DefaultParallelSyncs    = 1
	DefaultRotationGraceMs  = 24 * 60 * 60 * 1000
	DefaultSentinelReplicas = 3
)

// LongestLag is the greatest min-replicas-max-lag, in seconds, with which a master whose replicas are elsewhere refuses writes before
// Sentinels promote one of them: two seconds below down-after, as Redis looks once a second and counts whole ones.
func LongestLag(downAfter time.Duration) int { return max(int(downAfter/time.Second)-2, 1) }

// EncodeSettings renders settings for EnvSettings; equal settings give equal text.
func EncodeSettings(s Settings) (string, error) {
	s.Version = SettingsVersion
	out, err := json.Marshal(s)
	if err != nil {
		return "", fmt.Errorf("encoding settings: %w", err)
	}
	return string(out), nil
}

// DecodeSettings reads EnvSettings. It refuses settings of a newer version and settings without the part that their role
// needs; unknown fields are ignored, because a newer webhook may add some that an older agent does not need.
func DecodeSettings(text string) (Settings, error) {
	var s Settings
	if err := json.NewDecoder(bytes.NewReader([]byte(text))).Decode(&s); err != nil {
		return Settings{}, fmt.Errorf("decoding %s: %w", EnvSettings, err)
	}
	switch {
	case s.Version < 1 || s.Version > SettingsVersion:
		return Settings{}, fmt.Errorf("%s has version %d, this agent knows 1 to %d: use an agent image as new as the webhook", EnvSettings, s.Version, SettingsVersion)
	case s.StatefulSet == "" || s.Port <= 0 || s.Port > 65535:
		return Settings{}, fmt.Errorf("%s names no StatefulSet or no valid port", EnvSettings)
	case s.Role == PodRoleRedis && s.Redis == nil, s.Role == PodRoleSentinel && s.Sentinel == nil:
		return Settings{}, fmt.Errorf("%s has role %q without its settings", EnvSettings, s.Role)
	case s.Role != PodRoleRedis && s.Role != PodRoleSentinel:
		return Settings{}, fmt.Errorf("%s has unknown role %q", EnvSettings, s.Role)
	}
	return s, nil
}
