// SPDX-License-Identifier: Apache-2.0

// Package loop is the life of an agent: turns that repeat, goroutines that are joined at the end, and panics that end a turn
// and not the process.
package loop
