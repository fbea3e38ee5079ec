// SPDX-License-Identifier: Apache-2.0

// Package measure turns what a writer noted into the numbers of a benchmark: the longest time without an acknowledgement, which
// acknowledged writes are lost, and how these spread over many rounds. It knows no clock, file or network.
package measure
