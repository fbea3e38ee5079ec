// SPDX-License-Identifier: Apache-2.0

// Command mutants changes the deciding and acting code of the agents in one place at a time, and reports the changes that no test
// notices.
//
//	mutants -sample 150 -seed 1 -chosen tools/mutants/chosen.txt
//
// A mutant is a place in a file and the text that replaces it there. Kinds of changes are in kinds.go; all of them compile, or are left
// out. No file of the tree is changed: "go test -overlay" shows the compiler another text. Of all possible mutants a seed draws some,
// the same each time; chosen ones, at the heart of the protocol, stand in a file. Each meets the tests of its own package, then those of
// the packages that use it, then the simulation, until one of them fails. What survives is printed with its place and as a difference,
// and has to be explained by whoever reads it: many a change changes nothing that matters.
package main
