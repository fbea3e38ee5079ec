// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	"cmp"
	"path"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/image"
)

// imageDir is Redis' directory where neither the user nor the image's family says another.
const imageDir = "/data"

// dataKind is what becomes of Redis' data.
type dataKind int

const (
	// scratch data dies with the pod.
	scratch dataKind = iota
	// claimed data is on a volume claim of this pod alone.
	claimed
	// shared data is where the pods of a set would all write: a claim, a directory of the node, a file server.
	shared
	// unwritable is a directory in which Redis cannot write at all.
	unwritable
)

// dataVolume is where Redis' data is.
type dataVolume struct {
	kind dataKind
	// name of the pod's volume; empty where data lies in the container itself.
	name string
	// perPod is set where all pods share the volume, and each gets a directory of its own.
	perPod bool
	// below is the path in the volume of a directory that the image's own start would make; empty where there is none.
	below string
	// what is behind it, for messages.
	what string
	// dir is the directory that Redis uses.
	dir string
	// beside reports whether there is a claim that Redis does not write to.
	beside bool
}

// outlives reports whether data is still there after the pod.
func (d dataVolume) outlives() bool { return d.kind == claimed || d.kind == shared }

// findData finds what is behind the directory that Redis writes to.
func (s *subject) findData(pod *corev1.Pod, o *objections) {
	c := pod.Spec.Containers[s.index]
	s.data = dataVolume{dir: s.dataDir(c.WorkingDir)}
	mount := coveringMount(c.VolumeMounts, s.data.dir)
	if mount == nil && s.line.Dir == "" && s.include != "" {
		mount = onlyClaim(pod, c.VolumeMounts) // a configuration file, which admission cannot see, may name its path
		if mount != nil && len(s.line.Files) > 0 {
			o.add(refuse(DeniedOption, "container %s: volume %s is mounted at %s, and whether %s names that directory cannot be seen: say it in env, %sDATA_DIR=%s", c.Name, mount.Name, mount.MountPath, s.include, s.family.Prefix, mount.MountPath))
		}
	}
	switch {
	case mount != nil:
		s.readMount(pod, *mount, o)
	case s.ownsImageDir(pod, s.data.dir):
	case s.line.Dir == "" && s.include != "" && writesElsewhere(pod, c.VolumeMounts):
		// Only where nothing else can be meant is it said to have no disk.
		s.doubt("container %s: Redis cannot write to %s, and whether %s names another directory cannot be seen here: say it as --dir", c.Name, s.data.dir, s.include)
	default:
		s.data.kind = unwritable
	}
	s.doubtData(pod, mount, o)
}

// dataDir is the directory of the server as far as it can be seen here.
func (s *subject) dataDir(workingDir string) string {
	start := s.startDir(workingDir)
	if s.line.Dir == "" || path.IsAbs(s.line.Dir) {
		return cmp.Or(s.line.Dir, start)
	}
	return path.Join(start, s.line.Dir)
}

// startDir is where the server starts, by what the container says of its working directory.
func (s *subject) startDir(workingDir string) string {
	ofImage := cmp.Or(s.family.Data, imageDir)
	if !s.line.ByImage {
		ofImage = cmp.Or(s.family.WorkingDir, ofImage)
	}
	return cmp.Or(s.line.WorkingDir, workingDir, ofImage)
}

// readMount says what becomes of data in a mount, and refuses one in which several Redis would overwrite each other's.
func (s *subject) readMount(pod *corev1.Pod, mount corev1.VolumeMount, o *objections) {
	what, kind := volumeKind(pod, mount.Name)
	s.data.name, s.data.what, s.data.kind = mount.Name, what, kind
	made := mount.SubPathExpr == "" || strings.HasSuffix(mount.SubPathExpr, "$("+contract.EnvPerPodDirectory+")")
	if made && s.family.Start == image.ByEnvironment && !mount.ReadOnly && kind != unwritable {
		s.data.below = strings.TrimPrefix(strings.TrimPrefix(path.Clean(s.data.dir), path.Clean(mount.MountPath)), "/")
	}
	switch {
	case mount.ReadOnly, kind == unwritable:
		s.data.kind = unwritable
	case kind == scratch:
	case strings.Contains(mount.SubPathExpr, "$("+contract.EnvPerPodDirectory+")"):
		s.data.kind, s.data.perPod = claimed, true
	case kind == claimed && what == "claim "+mount.Name+"-"+s.podName, differs(mount.SubPathExpr, pod.Spec.Containers[s.index].Env):
		s.data.kind = claimed
	case pod.Annotations[contract.AnnotationPerPodDirectory] == "true":
		s.data.kind, s.data.perPod = claimed, true
		o.add(s.refuseSharedFile(pod))
	default:
		s.data.kind = shared
		if s.replicas > 1 {
			o.add(refuse(DeniedSharedClaim, "volume %s: all %d pods share %s, and each Redis would overwrite the data of the others: set the annotation %s: \"true\" to give each pod a directory of its own (pod 0 goes on with the data that is there), or use volumeClaimTemplates", mount.Name, s.replicas, what, contract.AnnotationPerPodDirectory))
		}
	}
}

// refuseSharedFile refuses a configuration file that lies beside the data which each pod gets a directory of its own for: only pod 0 would
// find it there.
func (s *subject) refuseSharedFile(pod *corev1.Pod) error {
	mount := coveringMount(pod.Spec.Containers[s.index].VolumeMounts, s.include)
	made := slices.ContainsFunc(pod.Spec.InitContainers, func(c corev1.Container) bool {
		return c.Name != contract.AgentContainer && !isDirectoryContainer(c.Name) && slices.ContainsFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool { return m.Name == s.data.name })
	})
	if s.include == "" || mount == nil || mount.Name != s.data.name || isFile(*mount) || made {
		return nil
	}
	return refuse(DeniedSharedClaim, "annotation %s: %s lies on volume %s, of which each pod gets a directory of its own, and only pod 0 would find it: put it into a ConfigMap", contract.AnnotationPerPodDirectory, s.include, s.data.name)
}

// ofOnePod are fields of which no two pods of a set have the same.
var ofOnePod = []string{
	"metadata.name", "metadata.uid", "status.podIP", "status.podIPs",
	"metadata.labels['statefulset.kubernetes.io/pod-name']", "metadata.labels['apps.kubernetes.io/pod-index']",
}

// differs reports whether a text with references to variables is another in each pod.
func differs(text string, env []corev1.EnvVar) bool {
	for i := len(env) - 1; i >= 0; i-- { // a variable refers to those before it
		if !strings.Contains(text, "$("+env[i].Name+")") {
			continue
		}
		from := env[i].ValueFrom
		if from != nil && from.FieldRef != nil && slices.Contains(ofOnePod, from.FieldRef.FieldPath) || from == nil && differs(env[i].Value, env[:i]) {
			return true
		}
	}
	return false
}

// doubtData says what the user should know of where data are.
func (s *subject) doubtData(pod *corev1.Pod, mount *corev1.VolumeMount, o *objections) {
	switch s.data.kind {
	case unwritable:
		s.doubtUnwritable(o)
	case shared:
		if s.replicas <= 1 {
			s.doubt("volume %s: all pods of the StatefulSet share %s: one replica only; before it is scaled set the annotation %s: \"true\", which gives each pod a directory of its own, pod 0 the data that is there", s.data.name, s.data.what, contract.AnnotationPerPodDirectory)
		}
	case scratch, claimed:
	}
	if s.data.kind == claimed || s.data.kind == shared {
		return
	}
	for _, m := range claimsBeside(pod, pod.Spec.Containers[s.index].VolumeMounts, mount) {
		s.data.beside = true
		s.doubt("container %s: volume %s at %s is not where Redis keeps its data (%s): data die with the pod; mount it there, or name its path as the directory of Redis", s.server.name, m.Name, m.MountPath, s.data.dir)
	}
}

// doubtUnwritable says what becomes of a group whose servers cannot write anywhere, and refuses options that ask for a disk: on the command
// line they win over the generated file.
func (s *subject) doubtUnwritable(o *objections) {
	over, remedy := "", "mount a volume at "+s.data.dir+" to change that"
	if s.include != "" {
		over = ", whatever repl-diskless-load and repl-diskless-sync say in " + s.include
	}
	if s.data.dir == "/" {
		remedy = "name a directory as --dir, and mount a volume there, to change that"
	}
	s.doubt("container %s: no writable data directory: Redis cannot write to %s: full syncs go without a disk (diskless load)%s, and nothing is saved; %s", s.server.name, s.data.dir, over, remedy)
	for _, option := range s.line.Options {
		switch value := strings.Join(option.Values, " "); {
		case option.Name == "repl-diskless-load" && value == "disabled", option.Name == "repl-diskless-sync" && value == "no":
			o.add(refuse(DeniedOption, "container %s: option --%s %s needs a directory that Redis can write to, and %s is none: remove it, or mount a volume there", s.server.name, option.Name, value, s.data.dir))
		case option.Name == "save" && strings.Trim(value, `"' `) != "", option.Name == "appendonly" && value == "yes":
			s.doubt("container %s: option --%s %s fails where nothing can be written, and keeps Redis from taking writes, and from ending in time: remove it, or mount a volume at %s", s.server.name, option.Name, value, s.data.dir)
		}
	}
}

// volumeKind says what a volume of a pod is: of this pod alone, of all pods of the set, gone with the pod, or not to be written to.
func volumeKind(pod *corev1.Pod, name string) (string, dataKind) {
	i := slices.IndexFunc(pod.Spec.Volumes, func(v corev1.Volume) bool { return v.Name == name })
	if i < 0 {
		return "", scratch
	}
	switch v := pod.Spec.Volumes[i].VolumeSource; {
	case v.PersistentVolumeClaim != nil && v.PersistentVolumeClaim.ReadOnly:
		return "claim " + v.PersistentVolumeClaim.ClaimName, unwritable
	case v.PersistentVolumeClaim != nil:
		return "claim " + v.PersistentVolumeClaim.ClaimName, claimed
	case v.ConfigMap != nil, v.Secret != nil, v.Projected != nil, v.DownwardAPI != nil, v.Image != nil:
		return "a volume that is read-only", unwritable
	case v.EmptyDir != nil, v.Ephemeral != nil:
		return "", scratch
	case v.CSI != nil && v.CSI.ReadOnly != nil && *v.CSI.ReadOnly:
		return "a volume that is read-only", unwritable
	case v.CSI != nil: // which may be the same file server for all pods
		return "a volume of driver " + v.CSI.Driver, shared
	case v.HostPath != nil:
		return "directory " + v.HostPath.Path + " of the node", shared
	case v.NFS != nil:
		return "directory " + v.NFS.Path + " of file server " + v.NFS.Server, shared
	}
	return "the volume", shared
}

// ownsImageDir reports whether Redis may write to a directory of its own container.
func (s *subject) ownsImageDir(pod *corev1.Pod, dir string) bool {
	c := &pod.Spec.Containers[s.index]
	if sc := c.SecurityContext; sc != nil && sc.ReadOnlyRootFilesystem != nil && *sc.ReadOnlyRootFilesystem {
		return false
	}
	user, _, _ := effectiveUser(pod.Spec.SecurityContext, c.SecurityContext)
	switch own := s.family.Data != "" && path.Clean(dir) == path.Clean(s.family.Data); {
	case user != nil && *user != 0:
		return own && slices.Contains(s.family.Owner, *user)
	case own && len(s.family.Owner) > 0: // it is the image's user's, and root without this capability is as anybody
		return !lacks(c.SecurityContext, "DAC_OVERRIDE") || !lacks(c.SecurityContext, "SETUID") && !s.startsItself(c)
	case s.family.Start == image.ByEnvironment:
		return user != nil // the image does not run as root
	}
	return true
}

// startsItself reports whether a command leaves out the image's entrypoint, which would leave root for the image's user.
func (s *subject) startsItself(c *corev1.Container) bool {
	command, _ := userLine(*c, s.before)
	return len(command) > 0
}

// lacks reports whether root has to do without a capability.
func lacks(c *corev1.SecurityContext, capability corev1.Capability) bool {
	if c == nil || c.Capabilities == nil {
		return false
	}
	named := func(list []corev1.Capability) bool {
		return slices.ContainsFunc(list, func(c corev1.Capability) bool {
			name := strings.TrimPrefix(strings.ToUpper(string(c)), "CAP_")
			return name == "ALL" || name == string(capability)
		})
	}
	return named(c.Capabilities.Drop) && !named(c.Capabilities.Add)
}

// claimsBeside are the claims of a container that Redis does not write to.
func claimsBeside(pod *corev1.Pod, mounts []corev1.VolumeMount, data *corev1.VolumeMount) []corev1.VolumeMount {
	var beside []corev1.VolumeMount
	for _, m := range mounts {
		if (data == nil || m.Name != data.Name) && !m.ReadOnly && claimOf(pod, m.Name) != "" {
			beside = append(beside, m)
		}
	}
	return beside
}

// coveringMount is the mount that a path of the container lies in.
func coveringMount(mounts []corev1.VolumeMount, file string) *corev1.VolumeMount {
	var found *corev1.VolumeMount
	longest := -1
	file = path.Clean(file)
	for i := range mounts {
		if dir := path.Clean(mounts[i].MountPath); lies(file, dir) && len(dir) > longest {
			found, longest = &mounts[i], len(dir)
		}
	}
	return found
}

// writesElsewhere reports whether a container has a mount that it may write to.
func writesElsewhere(pod *corev1.Pod, mounts []corev1.VolumeMount) bool {
	return slices.ContainsFunc(mounts, func(m corev1.VolumeMount) bool {
		_, kind := volumeKind(pod, m.Name)
		return !m.ReadOnly && kind != unwritable && !strings.HasPrefix(m.Name, contract.ObjectPrefix) && path.Clean(m.MountPath) != "/tmp"
	})
}

// onlyClaim is the mount of a volume that outlives the pod where there is exactly one.
func onlyClaim(pod *corev1.Pod, mounts []corev1.VolumeMount) *corev1.VolumeMount {
	var found *corev1.VolumeMount
	for i, m := range mounts {
		if _, kind := volumeKind(pod, m.Name); m.ReadOnly || kind != claimed && kind != shared {
			continue
		}
		if found != nil && found.Name != m.Name {
			return nil
		}
		found = &mounts[i]
	}
	return found
}

// claimOf is the name of the claim behind a volume of the pod; empty where it is not a claim.
func claimOf(pod *corev1.Pod, volume string) string {
	for _, v := range pod.Spec.Volumes {
		if v.Name == volume && v.PersistentVolumeClaim != nil {
			return v.PersistentVolumeClaim.ClaimName
		}
	}
	return ""
}
