// SPDX-License-Identifier: Apache-2.0

// Package redisconf knows how Redis and Sentinel are told what to do: the command line of a container, as the official
// image's entrypoint and then the server read it, and the two configuration files.
//
// The webhook parses a line, to load a generated file instead of the user's own and to refuse what contradicts; the agent
// renders that file, and judges the user's own by the same rules. Nothing here reads a file or speaks to a server.
package redisconf
