// SPDX-License-Identifier: Apache-2.0

// Package act carries out one decision. Doing it twice is the same as doing it once, and nothing that it does is assumed to
// have worked: the next observation tells.
package act
