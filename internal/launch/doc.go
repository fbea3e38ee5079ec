// SPDX-License-Identifier: Apache-2.0

// Package launch reads how a container starts its server, and writes how it starts from the generated configuration instead. It knows
// command lines, and shell scripts that stand in them; what an image or a file hides it says by name.
//
// A script stays what it is: one word is added, or replaced, in each command that starts a server, and words are taken out of that command
// which the agent says itself. Nothing else of it changes.
package launch
