// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	"path"

	corev1 "k8s.io/api/core/v1"
)

// findACLFile is the user's own file with users, where an argument names it.
func (s *subject) findACLFile(pod *corev1.Pod) string {
	file := s.line.ACLFile
	if file != "" && !path.IsAbs(file) {
		return path.Join(s.startDir(pod.Spec.Containers[s.index].WorkingDir), file)
	}
	return file
}

// checkACLFile refuses a file with users that the agent could not read: it writes all users, and would leave out those. Users that are
// made at run time cannot go into a file that the agent writes.
func (s *subject) checkACLFile(pod *corev1.Pod) error {
	if s.aclFile == "" {
		return nil
	}
	mount := coveringMount(pod.Spec.Containers[s.index].VolumeMounts, s.aclFile)
	if mount == nil || mount.SubPathExpr != "" || isMadeLater(pod, *mount, s.aclFile) || mount.Name == s.data.name && s.data.perPod {
		return refuse(DeniedOption, "container %s: file with users %s is on no volume that the agent can mount, and only Redis can read it there: mount it from a Secret, or write it to a volume in an init container, and mount the directory", s.server.name, s.aclFile)
	}
	if _, kind := volumeKind(pod, mount.Name); (kind == claimed || kind == shared) && !sameUser(pod) {
		return refuse(DeniedOption, "container %s: file with users %s is where Redis keeps it by ACL SAVE, for its own user alone, and the agent, which has to read it, is another: mount it from a Secret, or set runAsUser in the pod's securityContext, which is the agent's too", s.server.name, s.aclFile)
	}
	if !isConfiguration(pod, mount.Name) {
		s.doubt("container %s: %s is read when Redis starts, and not written: ACL SAVE fails, and users that clients make with ACL SETUSER are gone with the pod; keep users in a Secret", s.server.name, s.aclFile)
	}
	return nil
}

// sameUser reports whether the pod says one user for the agent and all.
func sameUser(pod *corev1.Pod) bool {
	c := pod.Spec.SecurityContext
	return c != nil && c.RunAsUser != nil && *c.RunAsUser != 0
}

// doubtModes warns of files of configuration that only root may read, which the agent is not.
func (s *subject) doubtModes(pod *corev1.Pod) {
	if pod.Spec.SecurityContext != nil && pod.Spec.SecurityContext.FSGroup != nil {
		return // whose group may read them then
	}
	for _, file := range []string{s.include, s.aclFile, s.line.PasswordFile} {
		mount := coveringMount(pod.Spec.Containers[s.index].VolumeMounts, file)
		if file == "" || mount == nil {
			continue
		}
		if mode := modeOf(pod, mount.Name); mode != nil && *mode&0o004 == 0 {
			s.doubt("volume %s: its defaultMode lets only root read %s, and the agent, which has to, is not: leave it at 0644, or set fsGroup in the pod's securityContext", mount.Name, file)
		}
	}
}

// modeOf is the mode of the files of a volume of configuration; nil where it is the default, or none.
func modeOf(pod *corev1.Pod, volume string) *int32 {
	for i := range pod.Spec.Volumes {
		v := &pod.Spec.Volumes[i]
		switch {
		case v.Name != volume:
		case v.Secret != nil:
			return v.Secret.DefaultMode
		case v.ConfigMap != nil:
			return v.ConfigMap.DefaultMode
		case v.Projected != nil:
			return v.Projected.DefaultMode
		}
	}
	return nil
}
