// SPDX-License-Identifier: Apache-2.0

// Package redisio is the one place that talks to Redis and Sentinel and decodes their replies into the nouns of package model.
//
// A question never returns an error for a server that did not answer: silence is an answer. A command returns an error when its
// effect is unknown or it was refused; the next observation tells what really happened.
package redisio
