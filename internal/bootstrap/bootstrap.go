// SPDX-License-Identifier: Apache-2.0

package bootstrap

import (
	"context"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/environment"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/redisagent"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/sentinelagent"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// Run runs the agent that fits the pod, until the context ends. It returns an error only where the agent can never work.
func Run(ctx context.Context, env environment.Environment) error {
	if env.Settings.Role == contract.PodRoleSentinel {
		return sentinelagent.Run(ctx, env)
	}
	return redisagent.Run(ctx, env)
}
