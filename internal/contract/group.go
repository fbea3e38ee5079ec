// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"encoding/json"
	"fmt"
)

// EncodeGroupSettings renders group settings for RecordSettings; equal settings give equal text.
func EncodeGroupSettings(s GroupSettings) (string, error) {
	out, err := json.Marshal(s)
	if err != nil {
		return "", fmt.Errorf("encoding group settings: %w", err)
	}
	return string(out), nil
}

// DecodeGroupSettings reads RecordSettings. It checks form only: whoever uses the settings bounds the values.
func DecodeGroupSettings(text string) (GroupSettings, error) {
	var s GroupSettings
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return GroupSettings{}, fmt.Errorf("decoding annotation %s: %w", RecordSettings, err)
	}
	return s, nil
}

// What the Sentinel set of a group may do there, and nobody else. RBAC allows a colon in a name, a StatefulSet does not: no
// group can be called so that its own Role has one of these names.
const (
	watchersSuffix = ":sentinels"
	labelsSuffix   = ":labels"
)

// WatchersRoleName is the name of the Role and RoleBinding that let a group's Sentinel agents write its record and see its
// pods.
func WatchersRoleName(statefulSet string) string { return ObjectName(statefulSet) + watchersSuffix }

// LabelsBindingName is the name of the RoleBinding that lets a group's Sentinel agents put role labels on its pods.
func LabelsBindingName(statefulSet string) string { return ObjectName(statefulSet) + labelsSuffix }

// FormerLabelsRoleName is what Role and RoleBinding for the labels were called before, which was the name of the Role of a
// group that is called STATEFULSET-labels, too.
func FormerLabelsRoleName(statefulSet string) string { return ObjectName(statefulSet) + "-labels" }

// Account is how the API server calls a service account.
func Account(namespace, name string) string { return "system:serviceaccount:" + namespace + ":" + name }
