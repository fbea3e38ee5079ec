// SPDX-License-Identifier: Apache-2.0

// Package redisio is the one place that speaks to Redis and Sentinel and decodes their replies into the words of decide.
//
// A question never returns an error for a server that did not answer: silence is an answer. A command returns an error
// when its effect is unknown or refused; the next observation tells what really happened.
package redisio
