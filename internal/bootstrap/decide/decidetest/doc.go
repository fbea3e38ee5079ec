// SPDX-License-Identifier: Apache-2.0

// Package decidetest has the vocabulary of the tests of both deciders: pods, Sentinels and records in one word each, and tables
// of situations that are read from files. Only tests import it.
package decidetest
