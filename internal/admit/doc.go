// SPDX-License-Identifier: Apache-2.0

// Package admit is the HTTP edge of the webhook: one AdmissionReview in; allowed or denied, a patch, warnings and a reason
// out, counted.
//
// It decides nothing itself. policy says which settings hold, mutate what the object should be, provision makes what a pod
// needs in its namespace before the answer is given (never on dry-run). The same path, without HTTP, answers what the pods
// of a StatefulSet would get: for the reconciler, and for `webhook inject`.
package admit
