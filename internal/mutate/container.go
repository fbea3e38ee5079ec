// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/image"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/launch"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/redisconf"
)

// meshSidecars are containers that other webhooks add; they never hold Redis.
var meshSidecars = []string{"istio-proxy", "linkerd-proxy"}

// annotationDefaultContainer is kubectl's: whose logs it shows. It is no answer, but a hint.
const annotationDefaultContainer = "kubectl.kubernetes.io/default-container"

// server is the container that holds Redis or Sentinel, as the user wrote it.
type server struct {
	// index among the pod's containers.
	index int
	name  string
	// role is contract.PodRoleRedis or contract.PodRoleSentinel.
	role string
	// line is the user's own command line, and family what the image is; its zero value where nobody knows it.
	line   launch.Launch
	family image.Family
}

// described is a container and what is known of it before anything is asked of it.
type described struct {
	*corev1.Container
	index     int
	family    image.Family
	reference image.Reference
	known     bool
	variables launch.Variables
	line      launch.Launch
	err       error
}

func describe(containers []corev1.Container, before *status, images image.Table) []described {
	all := make([]described, 0, len(containers))
	for i := range containers {
		c := &containers[i]
		if slices.Contains(meshSidecars, c.Name) {
			continue
		}
		d := described{Container: c, index: i}
		d.family, d.reference, d.known = images.Find(c.Image)
		command, args := userLine(*c, before)
		d.variables = launch.VariablesOf(c)
		d.line, d.err = launch.OfImage(d.family, command, args, d.variables, func(file string) bool {
			return slices.ContainsFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool {
				return m.Name != contract.ConfigVolume && isBelow(m.MountPath, file)
			})
		})
		all = append(all, d)
	}
	return all
}

// serves reports whether a container starts a Redis or Sentinel, by its line, or by its image where the line says nothing else.
func (d *described) serves() bool {
	if d.line.Program != redisconf.ProgramUnsaid {
		return true
	}
	return d.known && d.family.Refused == "" && d.family.Server != ""
}

// surelyServes reports whether nothing hides that it does: a tool beside the server is often of the same image.
func (d *described) surelyServes() bool { return d.err == nil && d.serves() }

// hidesStart reports whether neither the container nor its image's family says what is started.
func (d *described) hidesStart() bool {
	return d.family.Start == image.Unknown && len(d.Command) == 0 && d.line.Program == redisconf.ProgramUnsaid
}

// chooseContainer takes what the annotation names; else the only container; else the one called redis or sentinel; else the only one that
// starts a server, or may; else the only one of an image that is refused, so that it is named.
func chooseContainer(meta map[string]string, all []described) (*described, error) {
	names := make([]string, len(all))
	for i := range all {
		names[i] = all[i].Name
	}
	list := strings.Join(names, ", ")
	if want, ok := meta[contract.AnnotationContainer]; ok {
		if i := slices.Index(names, want); i >= 0 {
			return &all[i], nil
		}
		return nil, refuse(DeniedContainer, "annotation %s: there is no container %s: name one of %s", contract.AnnotationContainer, want, list)
	}
	if len(all) == 1 {
		return &all[0], nil
	}
	wanted := []string{contract.RedisContainer, contract.SentinelContainer}
	if meta[contract.AnnotationRole] == contract.PodRoleSentinel {
		slices.Reverse(wanted)
	}
	for _, name := range wanted {
		if i := slices.Index(names, name); i >= 0 {
			return &all[i], nil
		}
	}
	for _, is := range []func(*described) bool{(*described).surelyServes, (*described).serves, func(d *described) bool { return d.family.Refused != "" }} {
		var found *described
		for i := range all {
			if is(&all[i]) {
				if found != nil {
					found = nil
					break
				}
				found = &all[i]
			}
		}
		if found != nil {
			return found, nil
		}
	}
	hint := "the one that runs Redis"
	if shown := meta[annotationDefaultContainer]; slices.Contains(names, shown) {
		hint += fmt.Sprintf(" (%s, whose logs kubectl shows?)", shown)
	}
	if !slices.ContainsFunc(all, func(d described) bool { return !d.hidesStart() }) {
		hint += `, and say what it starts, like command: ["redis-server", "/etc/redis/redis.conf"]: its image is not known`
	}
	if several := serving(all); len(several) > 1 {
		return nil, refuse(DeniedContainer, "spec.containers: %s run Redis, and a group has one for each pod: give each a StatefulSet of its own, or name with annotation %s the one to replicate", strings.Join(several, " and "), contract.AnnotationContainer)
	}
	return nil, refuse(DeniedContainer, "spec.containers: none of %s is known to run Redis by its image, its command or the name %s: name with annotation %s %s", list, contract.RedisContainer, contract.AnnotationContainer, hint)
}

// findServer finds the container that holds the server, and what it is. False: there is none of which anything else could be said.
func (s *subject) findServer(pod *corev1.Pod, o *objections) bool {
	all := describe(pod.Spec.Containers, s.before, s.resolved.Images)
	d, err := chooseContainer(pod.Annotations, all)
	if !o.add(err) {
		return false
	}
	if name := d.ignoredPassword(); name != "" {
		s.doubt("container %s: %s is a variable that nothing on its command line reads, so that anybody may enter: say --requirepass $(%[2]s)", d.Name, name)
	}
	s.server = server{index: d.index, name: d.Name, line: d.line, family: d.family, role: contract.PodRoleRedis}
	if d.family.Refused != "" {
		o.add(refuse(DeniedImage, "container %s, image %s: %s", d.Name, d.Image, d.family.Refused))
	}
	o.add(refuseCluster(d))
	o.add(refuseSecondSentinel("containers", all, d))
	o.add(refuseSecondSentinel("initContainers", describe(native(pod.Spec.InitContainers), nil, s.resolved.Images), d))
	if !o.add(d.hiddenByImage()) {
		return false
	}
	doubts := d.version(o)
	if file := d.unloaded(); file != "" && d.reference.Official() {
		s.doubt("container %s: nothing loads %s, because the image loads no configuration file by itself: name it, like args: [%q, %q]", d.Name, file, d.family.Server, fileIn(file, d.family.Server))
	}
	for _, line := range d.line.Overruled {
		s.doubt("container %s, script, %s is overruled and left out: the agent chooses the master; remove it", d.Name, line)
	}
	s.doubtNeighbours(all, d)
	if name := d.flagsVariable(); name != "" && d.variables.Open() && !d.variables.Declared(name) {
		s.doubt("container %s: %s may come with envFrom, where nobody can see it, and its options win over all others: say it in env", d.Name, name)
	}
	if !o.add(refuseLine(d.Name, d.remedied())) && !d.onlyOptions() {
		return false
	}
	s.doubts = append(s.doubts, doubts...)
	role, err := roleOf(pod.Annotations, d.Name, d.line.Program)
	if o.add(err) {
		s.role = role
	}
	if s.role == contract.PodRoleSentinel {
		s.line.Server = strings.TrimSuffix(cmp.Or(d.family.Server, "redis-server"), "-server") + "-sentinel"
	}
	return true
}

// clusterBusPort is where nodes of a Redis Cluster talk to each other.
const clusterBusPort = 16379

func refuseCluster(d *described) error {
	for _, p := range d.Ports {
		if p.ContainerPort == clusterBusPort && d.line.Port != clusterBusPort {
			return refuse(DeniedImage, "container %s, port %d: Redis Cluster is not supported, for it elects its own masters: remove the label, or the port where it is something else", d.Name, clusterBusPort)
		}
	}
	return nil
}

// userLine is the command line before we changed it. What the record says counts only as long as our file is loaded:
// otherwise somebody wrote a new line since.
func userLine(c corev1.Container, before *status) (command, args []string) {
	if before == nil || before.Original.Container != c.Name {
		return c.Command, c.Args
	}
	if line := lineOf(&c); strings.Contains(line, contract.RedisConfFile) || strings.Contains(line, contract.SentinelConfFile) {
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

// looksLikeServer reports whether a pod that only its Namespace opted in holds Redis or Sentinel at all. Unrelated pods in
// such a namespace must pass untouched.
func looksLikeServer(meta map[string]string, containers []corev1.Container, images image.Table) bool {
	if meta[contract.AnnotationContainer] != "" || meta[contract.AnnotationRole] != "" {
		return true
	}
	return slices.ContainsFunc(describe(containers, nil, images), func(d described) bool {
		return d.Name == contract.RedisContainer && !strings.Contains(d.reference.Repository, "exporter") || d.err == nil && d.serves()
	})
}
