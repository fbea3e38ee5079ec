// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	"cmp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/redisconf"
)

// meshSidecars are containers that other webhooks add; they never hold Redis.
var meshSidecars = []string{"istio-proxy", "linkerd-proxy"}

// server is the container that holds Redis or Sentinel, as the user wrote it.
type server struct {
	// index among the pod's containers.
	index int
	name  string
	// role is contract.PodRoleRedis or contract.PodRoleSentinel.
	role string
	// line is the user's own command line.
	line redisconf.Invocation
}

// findServer finds the container that holds the server, and what it is.
func findServer(meta map[string]string, containers []corev1.Container, before *status) (server, error) {
	index, err := chooseContainer(meta, containers)
	if err != nil {
		return server{}, err
	}
	c := containers[index]
	s := server{index: index, name: c.Name}
	command, args := userLine(c, before)
	if s.line, err = redisconf.Parse(command, args); err != nil {
		return server{}, refuseLine(c.Name, err)
	}
	if s.role, err = roleOf(meta, c.Name, s.line.Program); err != nil {
		return server{}, err
	}
	if s.role == contract.PodRoleSentinel {
		s.line.Program = redisconf.ProgramSentinel
	}
	if imageName(c.Image) == "valkey" {
		// Its entrypoint leaves root only for servers of this name.
		s.line.Server = strings.Replace(cmp.Or(string(s.line.Program), string(redisconf.ProgramRedis)), "redis", "valkey", 1)
	}
	return s, refuseSecondSentinel(containers, index)
}

// chooseContainer takes what the annotation names; else the only container; else the one called redis or sentinel.
func chooseContainer(meta map[string]string, containers []corev1.Container) (int, error) {
	named := func(name string) int {
		return slices.IndexFunc(containers, func(c corev1.Container) bool { return c.Name == name })
	}
	var names []string
	only := -1
	for i, c := range containers {
		if !slices.Contains(meshSidecars, c.Name) {
			names = append(names, c.Name)
			only = i
		}
	}
	if want, ok := meta[contract.AnnotationContainer]; ok {
		if i := named(want); i >= 0 {
			return i, nil
		}
		return 0, refuse(DeniedContainer, "annotation %s: there is no container %s: name one of %s", contract.AnnotationContainer, want, strings.Join(names, ", "))
	}
	if len(names) == 1 {
		return only, nil
	}
	wanted := []string{contract.RedisContainer, contract.SentinelContainer}
	if meta[contract.AnnotationRole] == contract.PodRoleSentinel {
		slices.Reverse(wanted)
	}
	for _, name := range wanted {
		if i := named(name); i >= 0 {
			return i, nil
		}
	}
	return 0, refuse(DeniedContainer, "spec.containers: none of %s is called %s: name the one that runs Redis with annotation %s", strings.Join(names, ", "), contract.RedisContainer, contract.AnnotationContainer)
}

// userLine is the command line before we changed it. What the record says counts only as long as our file is loaded:
// otherwise somebody wrote a new line since.
func userLine(c corev1.Container, before *status) (command, args []string) {
	if before == nil || before.Original.Container != c.Name {
		return c.Command, c.Args
	}
	if slices.Contains(c.Command, contract.RedisConfFile) || slices.Contains(c.Args, contract.RedisConfFile) ||
		slices.Contains(c.Command, contract.SentinelConfFile) || slices.Contains(c.Args, contract.SentinelConfFile) {
		return before.Original.Command, before.Original.Args
	}
	return c.Command, c.Args
}

func roleOf(meta map[string]string, container string, program redisconf.Program) (string, error) {
	found := contract.PodRoleRedis
	if program == redisconf.ProgramSentinel {
		found = contract.PodRoleSentinel
	}
	asked, ok := meta[contract.AnnotationRole]
	if !ok || asked == found || program == redisconf.ProgramUnsaid {
		return cmp.Or(asked, found), nil
	}
	return "", refuse(DeniedCommand, "annotation %s: says %s, but container %s starts %s: make them agree", contract.AnnotationRole, asked, container, program)
}

// refuseSecondSentinel finds the old habit of a Sentinel beside each Redis. It would follow no rule of ours.
func refuseSecondSentinel(containers []corev1.Container, index int) error {
	for i, c := range containers {
		if i == index || c.Command == nil && c.Args == nil {
			continue
		}
		line, err := redisconf.Parse(c.Command, c.Args)
		if err == nil && line.Program == redisconf.ProgramSentinel {
			return refuse(DeniedContainer, "spec.containers: container %s starts a Sentinel beside Redis: remove it; Sentinels run as a StatefulSet of their own, or as the chart's", c.Name)
		}
	}
	return nil
}

// looksLikeServer reports whether a pod that only its Namespace opted in holds Redis or Sentinel at all. Unrelated pods in
// such a namespace must pass untouched.
func looksLikeServer(meta map[string]string, containers []corev1.Container) bool {
	if meta[contract.AnnotationContainer] != "" || meta[contract.AnnotationRole] != "" {
		return true
	}
	for _, c := range containers {
		if c.Name == contract.RedisContainer {
			return true
		}
		line, err := redisconf.Parse(c.Command, c.Args)
		if err == nil && (line.Program != redisconf.ProgramUnsaid || isServerImage(c.Image)) {
			return true
		}
	}
	return false
}

func isServerImage(image string) bool {
	name := imageName(image)
	return name == "redis" || name == "valkey"
}

// imageName is the last part of an image's name, without tag and digest.
func imageName(image string) string {
	image, _, _ = strings.Cut(image, "@")
	name, _, _ := strings.Cut(image[strings.LastIndex(image, "/")+1:], ":")
	return name
}
