// SPDX-License-Identifier: Apache-2.0

// Package mutate is the pure middle of the webhook: (pod or StatefulSet, settings) in, (patch, warnings, reason) out. It
// knows no HTTP, no client and no clock, and the same input always gives the same output.
//
// A mutation is a column of guards, each with its Reason, and then one function for each concern. Every function makes
// one thing so: it looks at what is there, and emits operations only where that differs. So a pod that went through once
// passes the second time without a patch, and a pod that another webhook changed in between is made right again.
//
// Four rules hold for the patch:
//  1. Operations are written by hand. The object is decoded for reading only and never encoded again, so that fields
//     which are newer than our API types survive.
//  2. Whatever is added carries a name or key of ours; arrays and maps that are missing are created first.
//  3. A value of the user is replaced or removed only under a test operation that names the old value.
//  4. All fields that the API server would default are written out, so that a second look finds what the first wrote.
package mutate
