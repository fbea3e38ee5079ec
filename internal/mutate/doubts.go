// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	"regexp"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/image"
)

// This file is about what scripts and settings of a pod do against the agent.

// annotationOldInit held init containers in Kubernetes before 1.6, and nobody has read it since 1.8.
const annotationOldInit = "pod.beta.kubernetes.io/init-containers"

func (s *subject) doubtOldInit(pod *corev1.Pod) {
	if pod.Annotations[annotationOldInit] != "" {
		s.doubt("annotation %s: its init containers never run, because Kubernetes no longer reads it: write them in spec.initContainers", annotationOldInit)
	}
}

// doubtMasters warns of init containers that write a master into a configuration file, which the generated file overrules, and of what
// commands one while Redis runs, which nothing overrules but the agent's next turn.
func (s *subject) doubtMasters(pod *corev1.Pod) {
	for i := range pod.Spec.InitContainers {
		c := &pod.Spec.InitContainers[i]
		if writesMaster(lineOf(c)) {
			s.doubt("init container %s writes replicaof, which is overruled: the agent and the Sentinels choose the master; remove it", c.Name)
		}
	}
	if line := lineOf(&pod.Spec.Containers[s.index]); len(s.line.Overruled) == 0 && !strings.Contains(line, "--replicaof") && !strings.Contains(line, "--slaveof") && writesMaster(line) {
		s.doubt("container %s: its script writes replicaof, which is overruled: the agent and the Sentinels choose the master; remove it", s.server.name)
	}
	for _, beside := range [][]corev1.Container{native(pod.Spec.InitContainers), pod.Spec.Containers} {
		for i := range beside {
			s.doubtCommander(&beside[i])
		}
	}
}

// writesMaster reports whether a script writes a master into a configuration: not where it looks for one, or takes it out.
func writesMaster(script string) bool {
	if !strings.Contains(script, "replicaof ") && !strings.Contains(script, "slaveof ") {
		return false
	}
	for line := range strings.Lines(script) {
		names := strings.Contains(line, "replicaof ") || strings.Contains(line, "slaveof ")
		if names && !strings.HasPrefix(strings.TrimSpace(line), "#") && !strings.Contains(line, "grep ") && !strings.Contains(line, "/d") {
			return true
		}
	}
	return false
}

// clusterOn finds the line that makes a server a node of a Redis Cluster, in what a script writes: where it begins one, or is what is printed.
var clusterOn = regexp.MustCompile(`(?m)^[ \t]*(?:[^#\n]*\b(?:echo|printf)\b[^#\n]*)?\bcluster-enabled[ \t]+yes\b`)

// refuseClusterFiles refuses a pod whose scripts write the configuration of a Redis Cluster.
func refuseClusterFiles(pod *corev1.Pod) error {
	for c := range containersOf(&pod.Spec) {
		line := lineOf(c)
		if strings.Contains(line, "cluster-enabled") && clusterOn.MatchString(line) {
			return refuse(DeniedImage, "container %s: its script writes cluster-enabled yes: Redis Cluster elects its own masters: remove the line, or the label %s", c.Name, contract.LabelOptIn)
		}
	}
	return nil
}

// shortGrace is less time to end, in seconds, than a handover and a last save take.
const shortGrace = 10

// doubtPod warns of settings of the pod that keep the agent from its work.
func (s *subject) doubtPod(pod *corev1.Pod) {
	if grace := pod.Spec.TerminationGracePeriodSeconds; grace != nil && *grace < shortGrace && s.replicas > 1 {
		s.doubt("spec.terminationGracePeriodSeconds: %d leaves no time to hand over and to save before Redis is killed: leave it at 30 or more", *grace)
	}
	if pod.Spec.DNSPolicy == corev1.DNSDefault {
		s.doubt("spec.dnsPolicy: Default: the agent finds the Sentinels by the names of their Services, which only the cluster's DNS knows: leave it at ClusterFirst")
	}
	if s.family.Start != image.ByEnvironment {
		return
	}
	own := "/opt/bitnami/" + strings.TrimSuffix(s.family.Server, "-server") + "/"
	for _, m := range pod.Spec.Containers[s.index].VolumeMounts {
		if isBelow(own+"etc", m.MountPath) && isConfiguration(pod, m.Name) {
			s.doubt("container %s: nothing loads %s: mount the configuration at %smounted-etc", s.server.name, m.MountPath, own)
		}
	}
}

func (s *subject) doubtCommander(c *corev1.Container) {
	where := ""
	if commands(lineOf(c)) {
		where = "its command line"
	} else if hook := c.Lifecycle; hook != nil && hook.PostStart != nil && hook.PostStart.Exec != nil && commands(strings.Join(hook.PostStart.Exec.Command, "\n")) {
		where = "lifecycle.postStart"
	}
	if where != "" {
		s.doubt("container %s: %s tells servers or Sentinels who is master, against the agent: remove that", c.Name, where)
	}
}

// commandsMaster finds commands that make a server a master or a replica, or have Sentinels do it.
var commandsMaster = regexp.MustCompile(`-cli\b[^\n;|&]*\s(?i:replicaof|slaveof|sentinel\s+(failover|monitor|remove|set))\b`)

func commands(line string) bool {
	return strings.Contains(line, "-cli") && commandsMaster.MatchString(line)
}
