// SPDX-License-Identifier: Apache-2.0

package redisagent

import (
	"os"
	"path/filepath"
	"strconv"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/conffile"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/environment"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/observe"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/redisconf"
)

// userFile is what the user's own redis.conf says that concerns the agent.
type userFile struct {
	values     observe.UserValues
	objections []redisconf.Objection
}

// writeRedisConf renders redis.conf in one rename, and reads the user's own file.
func writeRedisConf(env environment.Environment) (userFile, error) {
	own := env.Settings.Redis
	conf := redisconf.Redis{
		Include: own.Include, Port: env.Settings.Port, AnnounceIP: env.PodIP.String(),
		Group: contract.ReplicationUser(env.Namespace, env.Settings.StatefulSet),
	}
	user := userFile{values: observe.UserValues{Priority: 100, ServeStale: true}}
	if own.Include != "" {
		text, err := os.ReadFile(own.Include)
		if err != nil {
			env.Log.Error("cannot read the user's configuration file; after a sync Redis gets defaults instead of its values", "file", own.Include, "error", err.Error())
		}
		user.values, user.objections = userValues(redisconf.Values(string(text)), user.values), redisconf.Objections(string(text))
	}
	return user, conffile.Replace(env.ConfigDir, filepath.Base(contract.RedisConfFile), conf.String(), 0o644)
}

func userValues(values map[string]string, user observe.UserValues) observe.UserValues {
	for _, name := range []string{"slave-priority", "replica-priority"} {
		if n, err := strconv.Atoi(values[name]); err == nil && n >= 0 {
			user.Priority = n
		}
	}
	for _, name := range []string{"slave-serve-stale-data", "replica-serve-stale-data"} {
		if text, ok := values[name]; ok {
			user.ServeStale = text == "yes"
		}
	}
	return user
}
