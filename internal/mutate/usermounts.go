// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	"path"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// userMounts let the agent read the user's own files where Redis reads them: to report what contradicts in them, and because it
// writes the file with users. A file may include others, and name a file with users, which lie anywhere that something is mounted: what
// an init container wrote, and what Redis keeps beside its data, as well as configuration. What the agent mounts itself it keeps: a path
// that is taken twice makes a pod that nobody can create.
func (j *injection) userMounts() []corev1.VolumeMount {
	var files []string
	switch {
	case len(j.line.Files) > 0:
		files = append(files, j.line.Files...)
	case j.include != "" && j.pod.Annotations[contract.AnnotationConfig] == "":
		files = append(files, j.include)
	}
	for _, file := range []string{j.aclFile, j.line.PasswordFile} {
		if file != "" {
			files = append(files, file)
		}
	}
	if len(files) == 0 && j.include == "" {
		return nil
	}
	var wanted []corev1.VolumeMount
	for _, m := range j.container().VolumeMounts {
		if m.SubPathExpr == "" && !slices.Contains(volumeNames, m.Name) && j.mayHoldFiles(m) && !j.meetsAgent(m) {
			wanted = append(wanted, m)
		}
	}
	for _, file := range files {
		m := coveringMount(j.container().VolumeMounts, file)
		switch {
		case m == nil || m.SubPathExpr != "" || isMadeLater(j.pod, *m, file) || m.Name == j.data.name && j.data.perPod || j.meetsAgent(*m):
			j.warn("file %s: the agent cannot read it there, and does not report what conflicts in it: mount the directory that it lies in", file)
		case !slices.ContainsFunc(wanted, func(w corev1.VolumeMount) bool { return w.MountPath == m.MountPath }):
			wanted = append(wanted, *m)
		}
	}
	out := make([]corev1.VolumeMount, 0, len(wanted))
	for _, m := range wanted {
		// A subPath mount is repeated as such: then the path is the file itself. In a volume that is mounted to be read no directory can
		// be made for another mount, and the first pod of a fresh claim would not start.
		holds := slices.ContainsFunc(wanted, func(w corev1.VolumeMount) bool {
			return w.MountPath != m.MountPath && isBelow(m.MountPath, w.MountPath)
		})
		out = append(out, corev1.VolumeMount{Name: m.Name, MountPath: m.MountPath, SubPath: m.SubPath, ReadOnly: !holds})
	}
	return out
}

// mayHoldFiles reports whether a file of configuration may lie in a volume. With no file to read that names others, only configuration is.
func (j *injection) mayHoldFiles(m corev1.VolumeMount) bool {
	if isConfiguration(j.pod, m.Name) {
		return true
	}
	return j.include != "" && m.SubPath == "" && !(m.Name == j.data.name && j.data.perPod)
}

// isMadeLater reports whether a mount is one file of a volume that a program writes to. The agent starts first: to mount what is not there yet
// makes a directory of that name, and nobody can write the file.
func isMadeLater(pod *corev1.Pod, m corev1.VolumeMount, file string) bool {
	return m.SubPath != "" && path.Clean(m.MountPath) == path.Clean(file) && !isConfiguration(pod, m.Name)
}

// isConfiguration reports whether a volume holds what somebody wrote, and nothing that a program writes.
func isConfiguration(pod *corev1.Pod, volume string) bool {
	i := slices.IndexFunc(pod.Spec.Volumes, func(v corev1.Volume) bool { return v.Name == volume })
	if i < 0 {
		return false
	}
	v := pod.Spec.Volumes[i]
	return v.ConfigMap != nil || v.Secret != nil || v.Projected != nil
}

// meetsAgent reports whether a mount lies at, below or above one of the agent's own. Above counts too: in what is read-only no
// directory can be made to mount something at.
func (j *injection) meetsAgent(m corev1.VolumeMount) bool {
	at := path.Clean(m.MountPath)
	return slices.ContainsFunc(agentDirs, func(dir string) bool { return lies(at, dir) || lies(dir, at) })
}
