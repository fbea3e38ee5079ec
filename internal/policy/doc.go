// SPDX-License-Identifier: Apache-2.0

// Package policy answers one question: which settings hold for this object?
//
// The cluster's administrator writes one file. Its defaults hold everywhere; the first rule whose selectors both match
// lays its settings over the defaults, field by field, and no later rule is looked at. Annotations of the pod come last,
// and only those that the rule (or else the defaults) lists in allowOverrides.
//
//	apiVersion: redis-sentinel.dev/v1alpha1
//	kind: Policy
//	defaults:
//	  downAfter: 5s
//	  agent:
//	    image: redis-sentinel-webhook:dev
//	    resources:
//	      requests: {cpu: 20m, memory: 32Mi}
//	      limits: {memory: 64Mi}
//	rules:
//	  - name: production
//	    namespaceSelector: {matchLabels: {stage: production}}
//	    podSelector: {}
//	    settings: {quorum: 2, sentinels: sentinels-production/sentinel}
//	    allowOverrides: [down-after]
//	sentinelSets:
//	  - namespace: redis-sentinel-system
//	    name: redis-sentinel
//	    service: redis-sentinel-headless
//	    replicas: 3
//	    namespaces: ["*"]
//
// Images, pull secrets and Sentinel sets of other namespaces come from this file only: an annotation never widens trust.
// The package reads no file and knows no API server, so that `webhook check` and the server share every answer.
package policy
