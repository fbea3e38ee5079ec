// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	corev1 "k8s.io/api/core/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// status is the annotation that says what was done to a pod. It serves people, and the second look: what the user wrote
// is read from it where our own values stand in the pod.
type status struct {
	// Version of the webhook.
	Version string `json:"version"`
	// Settings is the beginning of the SHA-256 of the agent's settings.
	Settings string `json:"settings"`
	// Added lists what was added, as <field>/<name>.
	Added []string `json:"added"`
	// Original is what was replaced.
	Original original `json:"original"`
}

type original struct {
	// Container is the name of the Redis or Sentinel container.
	Container      string        `json:"container"`
	Command        []string      `json:"command,omitempty"`
	Args           []string      `json:"args,omitempty"`
	StartupProbe   *corev1.Probe `json:"startupProbe,omitempty"`
	LivenessProbe  *corev1.Probe `json:"livenessProbe,omitempty"`
	ReadinessProbe *corev1.Probe `json:"readinessProbe,omitempty"`
}

// readStatus is nil where the pod was never injected; an annotation that is not ours counts as none.
func readStatus(annotations map[string]string) *status {
	text, ok := annotations[contract.AnnotationStatus]
	if !ok {
		return nil
	}
	var s status
	if err := json.Unmarshal([]byte(text), &s); err != nil || s.Original.Container == "" {
		return nil
	}
	return &s
}

// encode cannot fail: a status has strings and probes.
func (s status) encode() string {
	text, err := json.Marshal(s)
	if err != nil {
		panic("mutate: encoding a status: " + err.Error())
	}
	return string(text)
}

func hashOf(settings string) string {
	sum := sha256.Sum256([]byte(settings))
	return hex.EncodeToString(sum[:8])
}

// originalOf is what we replace in a container. What an earlier look recorded is nearer to the user than what stands
// there now.
func originalOf(c corev1.Container, before *status) original {
	o := original{Container: c.Name, StartupProbe: c.StartupProbe, LivenessProbe: c.LivenessProbe, ReadinessProbe: c.ReadinessProbe}
	if before != nil && before.Original.Container == c.Name {
		o = before.Original
	}
	o.Command, o.Args = userLine(c, before)
	return o
}
