// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	"cmp"
	"path"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/policy"
)

// subject is a pod, or the template of a StatefulSet, after all questions about what the user wrote are answered.
type subject struct {
	namespace, podName, statefulSet string
	server
	// port of the server.
	port int
	// include is the user's own configuration file as the container sees it; empty if there is none.
	include string
	// aclFile is the user's own file with users as the container sees it, where an argument names it.
	aclFile string
	// data is the volume with Redis' data, where that is a volume claim.
	data dataVolume
	// effective are the annotations that hold for the pod.
	effective map[string]string
	// before is what an earlier look recorded; nil at the first.
	before *status
}

// examine answers all questions about a pod for which the effective annotations hold, or refuses it. A template is examined as its pod
// number 0.
func examine(pod *corev1.Pod, effective map[string]string, namespace, podName, statefulSet string) (subject, error) {
	s := subject{namespace: namespace, podName: podName, statefulSet: statefulSet, effective: effective, before: readStatus(pod.Annotations)}
	if pod.Spec.HostNetwork {
		return s, refuse(DeniedHostNetwork, "spec.hostNetwork: the ports of Redis, Sentinel and the agent would be opened on the node: remove it")
	}
	if err := checkAnnotations(pod.Annotations, podAnnotations, statefulSet); err != nil {
		return s, err
	}
	if err := checkLabels(pod.Labels); err != nil {
		return s, err
	}
	if len(statefulSet) > validation.LabelValueMaxLength || len(validation.IsValidLabelValue(statefulSet)) > 0 {
		return s, refuse(DeniedLabel, "metadata.name: %q cannot be the value of label %s: shorten it to 63 characters", statefulSet, contract.LabelGroup)
	}
	var err error
	if s.server, err = findServer(pod.Annotations, pod.Spec.Containers, s.before); err != nil {
		return s, err
	}
	if err = s.checkConflicts(pod); err != nil {
		return s, err
	}
	s.port = s.line.Port
	if s.role == contract.PodRoleSentinel {
		if s.port == 0 {
			s.port = contract.SentinelPort
		}
		return s, checkSentinelAnnotations(effective)
	}
	if s.port == 0 {
		s.port = contract.RedisPort
	}
	if err = s.checkServices(effective); err != nil {
		return s, err
	}
	if s.include, err = s.findInclude(pod); err != nil {
		return s, err
	}
	s.aclFile = s.findACLFile(pod)
	if s.data, err = s.findData(pod); err != nil {
		return s, err
	}
	return s, s.checkPassword(pod.Annotations)
}

// checkConflicts refuses pods in which a name, a path or a port of ours is taken by the user.
func (s *subject) checkConflicts(pod *corev1.Pod) error {
	if s.line.Port == contract.AgentPort {
		return refusePort(s.server.name)
	}
	if s.before != nil {
		return nil // they are ours
	}
	for _, c := range slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers) {
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
	for _, m := range pod.Spec.Containers[s.index].VolumeMounts {
		for _, dir := range []string{contract.ConfigDir, contract.UserConfigDir} {
			if isBelow(dir, m.MountPath) {
				return refuse(DeniedConflict, "container %s, volumeMounts: %s is the path of the generated configuration: mount %s elsewhere", s.server.name, dir, m.Name)
			}
		}
		// What is configuration the agent mounts as well, where Redis does: there it would meet the agent's own.
		for _, dir := range []string{contract.PrivateDir, contract.KeysDir, contract.AuthDir, contract.PeerDir} {
			if isBelow(dir, m.MountPath) {
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
	dir, file = path.Clean(dir), path.Clean(file)
	return file == dir || strings.HasPrefix(file, strings.TrimSuffix(dir, "/")+"/")
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
func (s *subject) findInclude(pod *corev1.Pod) (string, error) {
	file := s.line.ConfigFile
	if file == contract.RedisConfFile {
		file = "" // somebody wrote our path by hand: a file cannot include itself
	}
	if _, ok := pod.Annotations[contract.AnnotationConfig]; ok {
		if file != "" {
			return "", refuse(DeniedAnnotation, "annotation %s: container %s also names the configuration file %s: keep only one of them", contract.AnnotationConfig, s.server.name, file)
		}
		return contract.UserConfigDir + "/" + contract.UserConfigKey, nil
	}
	if dir := pod.Spec.Containers[s.index].WorkingDir; file != "" && !path.IsAbs(file) && dir != "" {
		file = path.Join(dir, file)
	}
	return file, nil
}

// checkRequired refuses a group without any password, where policy wants one. What a configuration file says, which admission cannot
// see, the agent holds.
func (s *subject) checkRequired(r policy.Resolved, annotations map[string]string) error {
	if !r.PasswordRequired || s.role != contract.PodRoleRedis || s.line.HasPassword || s.include != "" || annotations[contract.AnnotationAuthSecret] != "" {
		return nil
	}
	return refuse(DeniedPolicy, "the policy requires a password (auth: required), and container %s has none: name a Secret with a key %s in annotation %s, or set one with --requirepass, --user or --aclfile, or in a configuration file", s.server.name, contract.AuthKey, contract.AnnotationAuthSecret)
}
