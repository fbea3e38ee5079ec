// SPDX-License-Identifier: Apache-2.0

// Package model has the nouns of the agent: what one observation heard (View), the group's record, epochs, and the closed list
// of reasons with what a person should know of each. It has no verbs: deciding, observing and acting are packages of their own.
package model
