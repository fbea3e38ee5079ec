// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// ownDirectory gives the pod a directory of its own in a volume that all pods share. Every mount of the volume moves, in every container,
// so that whatever lies beside the data stays beside it, and what an init container writes for Redis is where Redis looks.
func (j *injection) ownDirectory() {
	for i := range j.pod.Spec.InitContainers {
		j.moveMounts(fmt.Sprintf("/spec/initContainers/%d/", i), &j.pod.Spec.InitContainers[i])
	}
	for i := range j.pod.Spec.Containers {
		if j.moveMounts(fmt.Sprintf("/spec/containers/%d/", i), &j.pod.Spec.Containers[i]) && i == j.index {
			j.warn("volume %s: each pod uses the directory of its own name in %s; pod 0 moves what is there now into its directory, and the others start empty", j.data.name, j.data.what)
		}
	}
}

// moveMounts moves those of one container, and reports whether any of them was not moved before.
func (j *injection) moveMounts(at string, c *corev1.Container) bool {
	if c.Name == contract.AgentContainer || isDirectoryContainer(c.Name) {
		return false
	}
	moved := false
	for i := range c.VolumeMounts {
		m := &c.VolumeMounts[i]
		if m.Name != j.data.name || m.SubPathExpr != "" || isFile(*m) {
			continue
		}
		moved = true
		mount := fmt.Sprintf("%svolumeMounts/%d", at, i)
		expression := path.Join(escapeVariables(m.SubPath), "$("+contract.EnvPerPodDirectory+")")
		j.patch.test(mount+"/name", m.Name)
		if m.SubPath != "" {
			j.patch.remove(mount+"/subPath", "", m.SubPath)
		}
		j.patch.add(mount+"/subPathExpr", expression)
		m.SubPath, m.SubPathExpr = "", expression
	}
	if moved && !slices.ContainsFunc(c.Env, func(e corev1.EnvVar) bool { return e.Name == contract.EnvPerPodDirectory }) {
		env := fromField(contract.EnvPerPodDirectory, "metadata.name")
		j.patch.array(at+"env", len(c.Env))
		j.patch.add(at+"env/-", env)
		c.Env = append(c.Env, env)
	}
	return moved
}

// isFile reports whether a mount is one file of its volume, as far as names say: it is configuration, and the same for all pods.
func isFile(m corev1.VolumeMount) bool {
	return m.SubPath != "" && slices.Contains([]string{".conf", ".acl"}, path.Ext(m.SubPath))
}

// escapeVariables keeps text as it is where the kubelet would expand $(NAME) in it.
func escapeVariables(text string) string { return strings.ReplaceAll(text, "$(", "$$(") }

// directoryContainers make the pod's directories, one each, before Redis starts, and gives it a mode with which Redis can write.
//
// The kubelet makes a missing subPathExpr directory itself, as root:root 0755, where no other user can write. So these
// containers mount the whole volume and are there first. Which user they may be depends on what the pod says about Redis:
//   - A user other than root is known, or root is forbidden: it runs as restricted as the agent, with the user of Redis
//     where that is known (mode 0770, the directory is its own), else with that of our image (mode 0777, because the
//     image of Redis decides who Redis is). The root of the volume must be writable for it, which fsGroup gives.
//   - Otherwise Redis may start as root, as in the official image, which passes Pod Security baseline at best: it runs as
//     root with the three capabilities that writing into anybody's directory takes, and mode 0777.
//
// 0777 is no wider than it looks: each container sees its own pod's directory and no other.
func (j *injection) directoryContainers() []corev1.Container {
	security, mode := j.directorySecurity()
	resources := agentResources(AgentSpec{Agent: j.in.Resolved.Agent, Guaranteed: guaranteed(&j.pod.Spec)})
	var out []corev1.Container
	for i, d := range j.directories() {
		name := contract.DirectoryContainer
		if i > 0 {
			name += "-" + strconv.Itoa(i)
		}
		out = append(out, corev1.Container{
			Name:                     name,
			Image:                    j.in.Resolved.Agent.Image,
			ImagePullPolicy:          j.in.Resolved.Agent.ImagePullPolicy,
			Command:                  []string{contract.AgentBinary, contract.CommandMakeDirectory, "--path", d.path, "--mode", mode, d.how},
			Env:                      []corev1.EnvVar{fromField(contract.EnvPodName, "metadata.name")},
			Resources:                resources,
			SecurityContext:          security,
			VolumeMounts:             []corev1.VolumeMount{{Name: j.data.name, MountPath: contract.SharedVolumeDir}},
			TerminationMessagePath:   corev1.TerminationMessagePathDefault,
			TerminationMessagePolicy: corev1.TerminationMessageReadFile,
		})
	}
	return out
}

func (j *injection) directorySecurity() (security *corev1.SecurityContext, mode string) {
	user, group, nonRoot := effectiveUser(j.pod.Spec.SecurityContext, j.container().SecurityContext)
	security, mode = restricted(), "0777"
	switch {
	case user != nil && *user != 0:
		mode = "0770"
		security.RunAsUser, security.RunAsGroup = user, group
	case !nonRoot:
		security.RunAsUser, security.RunAsNonRoot = new(int64(0)), new(false)
		security.Capabilities.Add = []corev1.Capability{"CHOWN", "DAC_OVERRIDE", "FOWNER"}
	}
	return security, mode
}

// isDirectoryContainer knows them by name.
func isDirectoryContainer(name string) bool {
	return name == contract.DirectoryContainer || strings.HasPrefix(name, contract.DirectoryContainer+"-")
}

// newDirectory is a directory to make.
type newDirectory struct {
	// path of it, as the directory container sees it.
	path string
	// how is an option: what becomes of what is there.
	how string
}

// directories are those to make, one for each subPath of the volume, and one below it where the image's own start would make that.
func (j *injection) directories() []newDirectory {
	var out []newDirectory
	found := func(d newDirectory) {
		if !slices.Contains(out, d) {
			out = append(out, d)
		}
	}
	for _, m := range j.container().VolumeMounts {
		if m.Name != j.data.name || isFile(m) {
			continue
		}
		parent, pod := escapeVariables(m.SubPath), ""
		if own, ok := strings.CutSuffix(m.SubPathExpr, "$("+contract.EnvPerPodDirectory+")"); ok {
			parent = own
		} else if m.SubPathExpr != "" {
			continue
		}
		if j.data.perPod {
			pod = "$(" + contract.EnvPodName + ")"
			found(newDirectory{path.Join(contract.SharedVolumeDir, parent, pod), "--adopt"})
		}
		if j.data.below != "" && isBelow(m.MountPath, j.data.dir) {
			found(newDirectory{path.Join(contract.SharedVolumeDir, parent, pod, j.data.below), "--keep"})
		}
	}
	return out
}

// effectiveUser is the user that a container runs as, as far as the pod says; nil leaves it to the image.
func effectiveUser(pod *corev1.PodSecurityContext, container *corev1.SecurityContext) (user, group *int64, nonRoot bool) {
	if pod != nil {
		user, group, nonRoot = pod.RunAsUser, pod.RunAsGroup, pod.RunAsNonRoot != nil && *pod.RunAsNonRoot
	}
	if container != nil {
		if container.RunAsUser != nil {
			user = container.RunAsUser
		}
		if container.RunAsGroup != nil {
			group = container.RunAsGroup
		}
		if container.RunAsNonRoot != nil {
			nonRoot = *container.RunAsNonRoot
		}
	}
	return user, group, nonRoot
}
