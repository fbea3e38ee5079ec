// SPDX-License-Identifier: Apache-2.0

// Package act carries one decision out. Doing it twice is doing it once, and nothing that it does is assumed: the next
// observation tells.
package act
