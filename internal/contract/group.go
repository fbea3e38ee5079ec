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

// LabelsRoleName is the name of the Role and RoleBinding that let a group's Sentinel agents put role labels on its pods.
func LabelsRoleName(statefulSet string) string { return ObjectName(statefulSet) + "-labels" }
