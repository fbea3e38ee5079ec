// SPDX-License-Identifier: Apache-2.0

// Package contract holds, once, every name that the webhook, the agent, the chart and users share: labels, annotations,
// environment variables, paths, ports and the settings that the webhook encodes and the agent decodes.
//
// It is the version-skew boundary: a pod admitted by an old webhook keeps its old agent settings for as long as the pod
// lives, so a released name never changes its meaning, and Settings carries a version. The package imports nothing of
// this project, so that everything may import it.
package contract
