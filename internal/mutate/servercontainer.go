// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	"fmt"
	"path"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// serverContainer changes the Redis or Sentinel container, and no other.
func (j *injection) serverContainer() error {
	if err := j.commandLine(); err != nil {
		return err
	}
	j.configMounts()
	if j.data.perPod {
		j.ownDirectory()
	}
	j.lastWords()
	j.probes()
	if j.role == contract.PodRoleRedis {
		j.hook()
	}
	return nil
}

// lastWords lets the kubelet keep the end of the log of a server that ended: Redis writes its last words nowhere else, and the agent tells
// them.
func (j *injection) lastWords() {
	c := j.container()
	at := j.path("terminationMessagePolicy")
	switch c.TerminationMessagePolicy {
	case "":
		j.patch.add(at, corev1.TerminationMessageFallbackToLogsOnError)
	case corev1.TerminationMessageReadFile:
		j.patch.replace(at, c.TerminationMessagePolicy, corev1.TerminationMessageFallbackToLogsOnError)
	default:
		return
	}
	c.TerminationMessagePolicy = corev1.TerminationMessageFallbackToLogsOnError
}

// commandLine loads the generated file.
func (j *injection) commandLine() error {
	conf := contract.RedisConfFile
	if j.role == contract.PodRoleSentinel {
		conf = contract.SentinelConfFile
		if own := j.line.ConfigFile; own != "" && own != conf {
			j.warn("configuration file %s is not loaded, and the masters that it names are no longer watched: the agent writes the configuration of Sentinels, which watch labelled StatefulSets, each as NAMESPACE.NAME", own)
		}
	}
	c := j.container()
	command, args, err := j.line.With(conf)
	if err != nil {
		return refuseLine(c.Name, err)
	}
	j.setList("command", &c.Command, command)
	j.setList("args", &c.Args, args)
	if j.line.Port == 0 && j.include != "" && len(c.Ports) > 0 && !slices.ContainsFunc(c.Ports, func(p corev1.ContainerPort) bool { return int(p.ContainerPort) == j.port }) {
		j.warn("container %s does not declare port %d, on which Redis will listen: a port in %s has no effect; set it with the argument --port", c.Name, j.port, j.include)
	}
	return nil
}

func (j *injection) setList(field string, current *[]string, want []string) {
	switch {
	case slices.Equal(*current, want):
		return
	case len(*current) == 0:
		j.patch.add(j.path(field), want)
	case len(want) == 0:
		j.patch.remove(j.path(field), "", *current)
	default:
		j.patch.replace(j.path(field), *current, want)
	}
	*current = want
}

// configMounts shows the generated file to the server: Redis may only read it, a Sentinel keeps its state in it.
func (j *injection) configMounts() {
	j.mount(corev1.VolumeMount{Name: contract.ConfigVolume, MountPath: contract.ConfigDir, ReadOnly: j.role == contract.PodRoleRedis})
	if j.pod.Annotations[contract.AnnotationConfig] != "" && j.role == contract.PodRoleRedis {
		j.mount(corev1.VolumeMount{Name: contract.UserConfigVolume, MountPath: contract.UserConfigDir, ReadOnly: true})
	}
}

// takePlace shows the generated file where the image's script looks for it, and the user's own beside it. The agent has written it when
// this container starts, so that the kubelet finds a file there.
func (j *injection) takePlace() {
	c := j.container()
	for i := range c.VolumeMounts {
		if m := &c.VolumeMounts[i]; m.Name != contract.ConfigVolume && m.MountPath == j.line.Place {
			at := j.path(fmt.Sprintf("volumeMounts/%d", i))
			j.patch.test(at+"/name", m.Name)
			j.patch.replace(at+"/mountPath", m.MountPath, movedPlace(j.line.Place))
			m.MountPath = movedPlace(j.line.Place)
		}
	}
	j.mount(corev1.VolumeMount{
		Name: contract.ConfigVolume, MountPath: j.line.Place, SubPath: path.Base(contract.RedisConfFile), ReadOnly: true,
	})
}

// mount makes a mount of one of our volumes so. One volume may be mounted as a whole, and one file of it elsewhere.
func (j *injection) mount(want corev1.VolumeMount) {
	c := j.container()
	at := slices.IndexFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool {
		return m.Name == want.Name && (m.SubPath == "") == (want.SubPath == "")
	})
	switch {
	case at < 0:
		j.patch.array(j.path("volumeMounts"), len(c.VolumeMounts))
		j.patch.add(j.path("volumeMounts/-"), want)
		c.VolumeMounts = append(c.VolumeMounts, want)
	case c.VolumeMounts[at].MountPath != want.MountPath || c.VolumeMounts[at].ReadOnly != want.ReadOnly || c.VolumeMounts[at].SubPath != want.SubPath:
		at := j.path(fmt.Sprintf("volumeMounts/%d", at))
		j.patch.replaceNamed(at, want.Name, want)
	}
}
