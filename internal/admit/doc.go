// SPDX-License-Identifier: Apache-2.0

// Package admit is the HTTP edge of the webhook: one AdmissionReview in; allowed or denied, a patch, warnings and a reason
// out, counted.
//
// Whoever reaches the port can send a review, so it is believed only as far as the API server confirms it: what is made
// around a pod, and the token of its hook, depend on the StatefulSet as it lives there (owner.go). What a review may cost is
// bounded by its estimated memory, not by its length (load.go).
//
// It decides nothing itself. policy says which settings hold, mutate what the object should be, provision makes what a pod
// needs in its namespace before the answer is given (never on dry-run). The same path, without HTTP, answers what the pods
// of a StatefulSet would get: for the reconciler, and for `webhook inject`.
package admit
