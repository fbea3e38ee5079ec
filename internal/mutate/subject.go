// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/policy"
)

// question is what has to be known of a pod beside the pod itself.
type question struct {
	namespace, podName, statefulSet string
	// effective are the annotations that hold for the pod.
	effective map[string]string
	// replicas is how many pods the StatefulSet has, as far as it is known.
	replicas int
	// resolved and resolveErr are what policy says.
	resolved   policy.Resolved
	resolveErr error
}

// subject is a pod, or the template of a StatefulSet, after all questions about what the user wrote are answered.
type subject struct {
	question
	server
	// port of the server.
	port int
	// include is the user's own configuration file as the container sees it; empty if there is none.
	include string
	// aclFile is the user's own file with users as the container sees it, where an argument names it.
	aclFile string
	// data is where Redis' data is.
	data dataVolume
	// before is what an earlier look recorded; nil at the first.
	before *status
	// doubts are what the user should know, and is no reason to refuse.
	doubts []string
}

// examine answers all questions about a pod, or refuses it with all that is wrong with it. A template is examined as its pod number 0.
func examine(pod *corev1.Pod, q question) (subject, error) {
	s := subject{question: q, before: readStatus(pod.Annotations)}
	var o objections
	if pod.Spec.HostNetwork {
		o.add(refuse(DeniedHostNetwork, "spec.hostNetwork: the ports of Redis, Sentinel and the agent would be opened on the node: remove it"))
	}
	o.add(checkAnnotations(pod.Annotations, podAnnotations, q.statefulSet))
	o.add(checkLabels(pod.Labels))
	if len(q.statefulSet) > validation.LabelValueMaxLength || len(validation.IsValidLabelValue(q.statefulSet)) > 0 {
		o.add(refuse(DeniedLabel, "metadata.name: %q cannot be the value of label %s: shorten it to 63 characters", q.statefulSet, contract.LabelGroup))
	}
	o.add(refuseWindows(pod))
	s.doubtOldInit(pod)
	if s.findServer(pod, &o) {
		o.add(s.checkConflicts(pod))
		if s.role == contract.PodRoleSentinel {
			s.examineSentinel(&o)
		} else {
			s.examineRedis(pod, &o)
		}
	}
	usable(q.resolved, q.resolveErr, s.role, &o)
	return s, o.err()
}

func (s *subject) doubt(format string, args ...any) {
	s.doubts = append(s.doubts, fmt.Sprintf(format, args...))
}

// warnings are what the user should know, as the API server passes them on.
func (s *subject) warnings() []string {
	var out []string
	for _, doubt := range s.doubts {
		out = append(out, "redis-sentinel: "+doubt)
	}
	return out
}

func (s *subject) examineSentinel(o *objections) {
	s.port = cmp.Or(s.line.Port, contract.SentinelPort)
	o.add(checkSentinelAnnotations(s.effective))
}

func (s *subject) examineRedis(pod *corev1.Pod, o *objections) {
	s.port = cmp.Or(s.line.Port, contract.RedisPort)
	for _, doubt := range s.line.Doubts() {
		s.doubt("command and args of container %s: %s", s.server.name, doubt)
	}
	o.add(s.checkServices(s.effective))
	o.add(s.findInclude(pod))
	s.aclFile = s.findACLFile(pod)
	s.findData(pod, o)
	o.add(s.checkPassword(pod.Annotations))
	if file := s.line.PasswordFile; file != "" && coveringMount(pod.Spec.Containers[s.index].VolumeMounts, file) == nil {
		o.add(refuse(DeniedOption, "container %s: password file %s is on no volume, and only the agent can read it there: mount the Secret, or set %sPASSWORD", s.server.name, file, s.family.Prefix))
	}
	o.add(s.checkACLFile(pod))
	s.doubtModes(pod)
	o.add(refuseClusterFiles(pod))
	s.doubtMasters(pod)
	s.doubtPod(pod)
	o.add(s.checkRequired(s.resolved, pod.Annotations))
}

// refuseWindows refuses pods of nodes on which neither Redis nor the agent runs.
func refuseWindows(pod *corev1.Pod) error {
	if pod.Spec.OS != nil && pod.Spec.OS.Name == corev1.Windows || pod.Spec.NodeSelector[corev1.LabelOSStable] == string(corev1.Windows) {
		return refuse(DeniedMalformed, "spec.os, spec.nodeSelector: the agent runs on Linux only: remove the label, or choose nodes with %s: linux", corev1.LabelOSStable)
	}
	return nil
}

// checkConflicts refuses pods in which a name, a path or a port of ours is taken by the user.
func (s *subject) checkConflicts(pod *corev1.Pod) error {
	if s.line.Port == contract.AgentPort {
		return refusePort(s.server.name)
	}
	if s.before != nil {
		return nil // they are ours
	}
	for c := range containersOf(&pod.Spec) {
		if c.Name == contract.AgentContainer || isDirectoryContainer(c.Name) {
			return refuse(DeniedConflict, "container %s: the name is reserved for the webhook: rename the container", c.Name)
		}
		for _, port := range c.Ports {
			if port.ContainerPort == contract.AgentPort {
				return refusePort(c.Name)
			}
		}
	}
	for _, v := range pod.Spec.Volumes {
		if slices.Contains(volumeNames, v.Name) {
			return refuse(DeniedConflict, "volume %s: the name is reserved for the webhook: rename the volume", v.Name)
		}
	}
	for i := range pod.Spec.Containers[s.index].VolumeMounts {
		m := &pod.Spec.Containers[s.index].VolumeMounts[i]
		at := path.Clean(m.MountPath)
		for _, dir := range []string{contract.ConfigDir, contract.UserConfigDir} {
			if lies(at, dir) {
				return refuse(DeniedConflict, "container %s, volumeMounts: %s is the path of the generated configuration: mount %s elsewhere", s.server.name, dir, m.Name)
			}
		}
		// What is configuration the agent mounts as well, where Redis does: there it would meet the agent's own.
		for _, dir := range []string{contract.PrivateDir, contract.KeysDir, contract.AuthDir, contract.PeerDir} {
			if lies(at, dir) {
				return refuse(DeniedConflict, "container %s, volumeMounts: %s is a path of the agent: mount %s elsewhere", s.server.name, dir, m.Name)
			}
		}
	}
	return nil
}

func refusePort(container string) error {
	return refuse(DeniedConflict, "container %s, port %d: is reserved for the agent, and the containers of a pod share their ports: use another port", container, contract.AgentPort)
}

// isBelow reports whether a path is a directory or something in it.
func isBelow(dir, file string) bool {
	return lies(path.Clean(file), path.Clean(dir))
}

// lies is the same for paths that are clean.
func lies(file, dir string) bool {
	rest, ok := strings.CutPrefix(file, strings.TrimSuffix(dir, "/"))
	return ok && (rest == "" || rest[0] == '/')
}

var volumeNames = []string{
	contract.ConfigVolume, contract.TokenVolume, contract.PrivateVolume, contract.KeysVolume, contract.PeerVolume, contract.AuthVolume,
	contract.UserConfigVolume,
}

// checkPassword refuses a password that comes from two places: nobody could say which one clients have.
func (s *subject) checkPassword(annotations map[string]string) error {
	if annotations[contract.AnnotationAuthSecret] == "" {
		return nil
	}
	if s.line.NamesDefault {
		return refuse(DeniedAnnotation, "annotation %s: container %s also has --requirepass or --user default: keep only one of them", contract.AnnotationAuthSecret, s.server.name)
	}
	return nil
}

// checkServices refuses names that no Service can have; the API server would say so where nobody looks. One name for both would
// be a Service whose selector is never the right one.
func (s *subject) checkServices(annotations map[string]string) error {
	master, replicas := masterService(annotations, s.statefulSet), replicasService(annotations, s.statefulSet)
	for _, service := range []struct{ annotation, name string }{
		{contract.AnnotationMasterService, master}, {contract.AnnotationReplicasService, replicas},
	} {
		if len(validation.IsDNS1035Label(service.name)) > 0 {
			return refuse(DeniedAnnotation, "annotation %s: %q is not a valid name for a Service (a letter, then letters, digits and dashes, at most 63): set another name", service.annotation, service.name)
		}
	}
	if master == replicas {
		return refuse(DeniedAnnotation, "annotations %s and %s: both Services would be called %q, and a Service selects either the master or the replicas: set another name in one of them", contract.AnnotationMasterService, contract.AnnotationReplicasService, master)
	}
	return nil
}

func masterService(annotations map[string]string, statefulSet string) string {
	return cmp.Or(annotations[contract.AnnotationMasterService], statefulSet+contract.MasterServiceSuffix)
}

func replicasService(annotations map[string]string, statefulSet string) string {
	return cmp.Or(annotations[contract.AnnotationReplicasService], statefulSet+contract.ReplicasServiceSuffix)
}

// findInclude is the user's own redis.conf.
func (s *subject) findInclude(pod *corev1.Pod) error {
	file := s.line.ConfigFile
	if file == contract.RedisConfFile {
		file = "" // somebody wrote our path by hand: a file cannot include itself
	}
	if len(s.line.Files) > 0 {
		file = s.line.Files[0]
	}
	if s.line.Place != "" && slices.ContainsFunc(pod.Spec.Containers[s.index].VolumeMounts, s.isOwnAtPlace) {
		file = movedPlace(s.line.Place)
	}
	if _, ok := pod.Annotations[contract.AnnotationConfig]; ok {
		if file != "" {
			return refuse(DeniedAnnotation, "annotation %s: container %s also names the configuration file %s: keep only one of them", contract.AnnotationConfig, s.server.name, file)
		}
		s.include = contract.UserConfigDir + "/" + contract.UserConfigKey
		return nil
	}
	if dir := s.startDir(pod.Spec.Containers[s.index].WorkingDir); file != "" && !path.IsAbs(file) {
		file = path.Join(dir, file)
	}
	s.include = file
	return nil
}

// movedPlace is where the user's own configuration file is mounted, where the generated one has to be in its place.
func movedPlace(place string) string { return place + ".user" }

// isOwnAtPlace reports whether a mount is the user's own file where the generated one has to be, or already moved from there.
func (s *subject) isOwnAtPlace(m corev1.VolumeMount) bool {
	return m.Name != contract.ConfigVolume && (m.MountPath == s.line.Place || m.MountPath == movedPlace(s.line.Place))
}

// checkRequired refuses a group without any password, where policy wants one. What a configuration file says, which admission cannot
// see, the agent holds.
func (s *subject) checkRequired(r policy.Resolved, annotations map[string]string) error {
	if !r.PasswordRequired || s.role != contract.PodRoleRedis || s.line.HasPassword || s.include != "" || annotations[contract.AnnotationAuthSecret] != "" {
		return nil
	}
	return refuse(DeniedPolicy, "the policy requires a password (auth: required), and container %s has none: name a Secret with a key %s in annotation %s, or set one with --requirepass, --user or --aclfile, or in a configuration file", s.server.name, contract.AuthKey, contract.AnnotationAuthSecret)
}
