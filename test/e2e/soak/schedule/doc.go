// SPDX-License-Identifier: Apache-2.0

// Package schedule says which faults come in which order. It is pure: one seed makes one schedule, a schedule has a text, and the text
// makes the schedule again. A schedule names roles, not pods, because who leads when a fault comes is known only then.
package schedule
