// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/launch"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/redisconf"
)

// refuseSecondSentinel finds the old habit of a Sentinel beside each Redis. It would follow no rule of ours.
func refuseSecondSentinel(field string, all []described, server *described) error {
	for i := range all {
		if d := &all[i]; d.Name != server.Name && server.line.Program != redisconf.ProgramSentinel && d.isSentinel() {
			return refuse(DeniedContainer, "spec.%s: container %s starts a Sentinel beside Redis: remove it; Sentinels run as a StatefulSet of their own, or as the chart's", field, d.Name)
		}
	}
	return nil
}

// isSentinel reports whether a container runs a Sentinel, as far as its line or its image says. Where a script hides what is started, its
// name or port do.
func (d *described) isSentinel() bool {
	if d.line.Program == redisconf.ProgramSentinel || d.Name == contract.SentinelContainer || strings.HasSuffix(d.reference.Repository, "-sentinel") {
		return true
	}
	return d.hiddenScript() != "" && (strings.Contains(d.Name, "sentinel") || d.declares(contract.SentinelPort))
}

func (d *described) declares(port int) bool {
	for _, p := range d.Ports {
		if int(p.ContainerPort) == port {
			return true
		}
	}
	return false
}

// serving are the names of the containers that surely run Redis.
func serving(all []described) []string {
	var names []string
	for i := range all {
		if all[i].surelyServes() {
			names = append(names, all[i].Name)
		}
	}
	return names
}

// doubtNeighbours warns of what other containers do beside the server.
func (s *subject) doubtNeighbours(all []described, server *described) {
	for i := range all {
		switch d := &all[i]; {
		case d.index == server.index:
		case d.hiddenScript() != "":
			s.doubt("container %s has an image of Redis, and %s: a script that chooses masters, or restarts Redis, works against the agent: remove it then", d.Name, d.hiddenScript())
		case d.surelyServes() && d.line.Program != redisconf.ProgramSentinel && server.surelyServes():
			s.doubt("container %s runs a Redis of its own, which is not replicated: each pod has one that knows nothing of the others; give it a StatefulSet of its own", d.Name)
		case d.declares(contract.SentinelPort) && !d.known:
			s.doubt("container %s declares port %d: a Sentinel in the pod works against the agent: remove it, where it is one", d.Name, contract.SentinelPort)
		default:
			s.doubtLocal(d, server)
		}
	}
}

// hiddenScript says which script in a file a container with the image of a server runs; empty where it runs none. Charts have some that look
// after masters.
func (d *described) hiddenScript() string {
	if !d.known || d.err == nil {
		return ""
	}
	for _, e := range eachOf(d.err) {
		var a *redisconf.ArgumentError
		switch {
		case !errors.As(e, &a):
		case strings.HasSuffix(a.What, launch.Unseen):
			return a.What
		case a.Kind == redisconf.ErrProgram && strings.HasSuffix(a.Subject, ".sh"):
			return "what " + a.Subject + " does " + launch.Unseen
		}
	}
	return ""
}

// local finds the address of the pod itself, with a port where it says one.
var local = regexp.MustCompile(`(?:^|[/@,])(?:localhost|127\.0\.0\.1)(?::(\d+))?(?:$|[/,?])`)

// doubtLocal warns of an application that writes to the Redis of its own pod, which is a replica in all pods but one.
func (s *subject) doubtLocal(d, server *described) {
	if name := d.localVariable(server); s.replicas > 1 && name != "" {
		s.doubt("container %s: variable %s names the Redis of its own pod, where only the master's takes writes: name the Service %s instead", d.Name, name, masterService(s.effective, s.statefulSet))
	}
}

// tools are words in the names of images and containers that look at the server of their own pod, as they should: exporters, consoles, backups.
var tools = []string{"redis", "valkey", "exporter", "metrics", "backup", "telegraf", "otel", "opentelemetry", "collector", "datadog", "newrelic", "monitor"}

// localVariable is the variable by which an application uses the server of its own pod; empty where none does, and for tools.
func (d *described) localVariable(server *described) string {
	if slices.ContainsFunc(tools, func(word string) bool { return strings.Contains(d.Image, word) || strings.Contains(d.Name, word) }) {
		return ""
	}
	for _, e := range d.Env {
		if name := localServer(e, server.line.Port); name != "" {
			return name
		}
	}
	return ""
}

// localServer is the name of a variable that says where Redis is, and means the own pod; empty where it does not.
func localServer(e corev1.EnvVar, port int) string {
	m := local.FindStringSubmatch(e.Value)
	scheme, _, isURL := strings.Cut(e.Value, "://")
	if m == nil || isURL && !strings.HasPrefix(scheme, "redis") && !strings.HasPrefix(scheme, "valkey") {
		return ""
	}
	if port == 0 {
		port = contract.RedisPort
	}
	lower := strings.ToLower(e.Name + "=" + e.Value)
	about := strings.Contains(lower, "redis") || strings.Contains(lower, "valkey")
	if m[1] == strconv.Itoa(port) || m[1] == "" && about {
		return e.Name
	}
	return ""
}
