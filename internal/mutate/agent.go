// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/policy"
)

const (
	// agentUser is the user of our image; it is written out only where the pod would force root.
	agentUser = 65532
	// agentStartSeconds is how long the agent of a Sentinel may take to write the first configuration.
	agentStartSeconds = 120
	// tokenSeconds is the life of the agent's token; the kubelet renews it, and the API server gives no shorter extended
	// life to an expiry of just this number.
	tokenSeconds = 3607
	// portName of the agent; 15 characters at most.
	portName = "redis-sentinel"
	// defaultMode of files in projected volumes and ConfigMaps, as the API server writes it.
	defaultMode = int32(0o644)
)

// AgentSpec is what the agent container depends on.
type AgentSpec struct {
	Agent policy.Agent
	// Role is contract.PodRoleRedis or contract.PodRoleSentinel.
	Role string
	// Settings is the text of contract.EncodeSettings.
	Settings string
	// HookToken is empty where there is no hook.
	HookToken string
	// Root reports whether the pod forces user 0 on all containers.
	Root bool
	// User and Group are those of the container beside a Sentinel, where the pod says them: Sentinel keeps its file to itself, and the
	// agent has to read it.
	User, Group *int64
	// Guaranteed reports whether all other containers have requests equal to limits.
	Guaranteed bool
	// UserConfig mounts the ConfigMap and AuthSecret the Secret of the annotations; UserMounts are those that the user's own files
	// lie in.
	UserConfig bool
	AuthSecret bool
	UserMounts []corev1.VolumeMount
}

// AgentContainer is the native sidecar, the same in the webhook and in the chart's Sentinel set. What the API server
// would default is written out.
func AgentContainer(s AgentSpec) corev1.Container {
	agent := corev1.Container{
		Name:                     contract.AgentContainer,
		Image:                    s.Agent.Image,
		ImagePullPolicy:          s.Agent.ImagePullPolicy,
		Command:                  []string{contract.AgentBinary},
		RestartPolicy:            new(corev1.ContainerRestartPolicyAlways),
		Env:                      agentEnv(s),
		Ports:                    []corev1.ContainerPort{{Name: portName, ContainerPort: contract.AgentPort, Protocol: corev1.ProtocolTCP}},
		Resources:                agentResources(s),
		SecurityContext:          agentSecurity(s),
		VolumeMounts:             agentMounts(s),
		TerminationMessagePath:   corev1.TerminationMessagePathDefault,
		TerminationMessagePolicy: corev1.TerminationMessageReadFile,
	}
	// The kubelet goes on to the next container when the hook returns. After a probe it would do so a second later, when
	// it next looks at its containers. The agent of a Sentinel may have to wait for the API, and logs of a container
	// whose hook runs cannot be read: there it is a probe.
	if s.Role == contract.PodRoleRedis {
		agent.Lifecycle = &corev1.Lifecycle{PostStart: &corev1.LifecycleHandler{
			Exec: &corev1.ExecAction{Command: []string{contract.AgentBinary, contract.CommandAwaitStarted}},
		}}
		return agent
	}
	agent.StartupProbe = &corev1.Probe{
		ProbeHandler:     httpGet(contract.PathStarted),
		PeriodSeconds:    1,
		TimeoutSeconds:   1,
		SuccessThreshold: 1,
		FailureThreshold: agentStartSeconds,
	}
	return agent
}

func agentEnv(s AgentSpec) []corev1.EnvVar {
	env := []corev1.EnvVar{
		fromField(contract.EnvNamespace, "metadata.namespace"),
		fromField(contract.EnvPodName, "metadata.name"),
		fromField(contract.EnvPodUID, "metadata.uid"),
		fromField(contract.EnvPodIPs, "status.podIPs"),
		fromField(contract.EnvNodeName, "spec.nodeName"),
		{Name: contract.EnvSettings, Value: s.Settings},
	}
	if s.HookToken != "" {
		env = append(env, corev1.EnvVar{Name: contract.EnvHookToken, Value: s.HookToken})
	}
	return env
}

func fromField(name, field string) corev1.EnvVar {
	return corev1.EnvVar{Name: name, ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: field}}}
}

func agentMounts(s AgentSpec) []corev1.VolumeMount {
	mounts := append(make([]corev1.VolumeMount, 0, len(volumeNames)+len(s.UserMounts)),
		corev1.VolumeMount{Name: contract.ConfigVolume, MountPath: contract.ConfigDir},
		corev1.VolumeMount{Name: contract.TokenVolume, MountPath: contract.TokenDir, ReadOnly: true},
		corev1.VolumeMount{Name: contract.PrivateVolume, MountPath: contract.PrivateDir},
	)
	if s.Role == contract.PodRoleRedis {
		mounts = append(mounts, corev1.VolumeMount{Name: contract.KeysVolume, MountPath: contract.KeysDir, ReadOnly: true})
	} else {
		mounts = append(mounts, corev1.VolumeMount{Name: contract.PeerVolume, MountPath: contract.PeerDir, ReadOnly: true})
	}
	if s.AuthSecret {
		mounts = append(mounts, corev1.VolumeMount{Name: contract.AuthVolume, MountPath: contract.AuthDir, ReadOnly: true})
	}
	if s.UserConfig {
		mounts = append(mounts, corev1.VolumeMount{Name: contract.UserConfigVolume, MountPath: contract.UserConfigDir, ReadOnly: true})
	}
	return append(mounts, s.UserMounts...)
}

// webhookBinary lies in the image too: nothing can be mounted over a file.
const webhookBinary = "/webhook"

// agentDirs are all places at which an agent may mount anything, and its own program.
var agentDirs = []string{
	contract.AgentBinary, webhookBinary, contract.ConfigDir, contract.TokenDir, contract.PrivateDir, contract.KeysDir, contract.PeerDir, contract.AuthDir,
	contract.UserConfigDir,
}

// agentSecurity is restricted. A user is written only where the pod forces root, which runAsNonRoot would refuse, and where the Sentinel
// beside has one: clusters give out ranges of users.
func agentSecurity(s AgentSpec) *corev1.SecurityContext {
	c := restricted()
	switch {
	case s.User != nil:
		c.RunAsUser, c.RunAsGroup = s.User, s.Group
	case s.Root:
		c.RunAsUser = new(int64(agentUser))
	}
	return c
}

// restricted passes Pod Security restricted.
func restricted() *corev1.SecurityContext {
	return &corev1.SecurityContext{
		AllowPrivilegeEscalation: new(false),
		ReadOnlyRootFilesystem:   new(true),
		RunAsNonRoot:             new(true),
		Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
		SeccompProfile:           &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
	}
}

// agentResources keep a Guaranteed pod Guaranteed.
func agentResources(s AgentSpec) corev1.ResourceRequirements {
	var r corev1.ResourceRequirements
	if s.Agent.Resources != nil {
		r = *s.Agent.Resources.DeepCopy()
	}
	if !s.Guaranteed {
		return r
	}
	enough := map[corev1.ResourceName]resource.Quantity{
		corev1.ResourceCPU:    resource.MustParse("200m"), // a request made a limit would throttle the agent
		corev1.ResourceMemory: resource.MustParse("64Mi"),
	}
	if r.Limits == nil {
		r.Limits = corev1.ResourceList{}
	}
	for name, quantity := range enough {
		if _, ok := r.Limits[name]; !ok {
			r.Limits[name] = quantity
		}
	}
	r.Requests = r.Limits.DeepCopy()
	return r
}

// HookToken is what the preStop hook of a pod must carry: without the key nobody can call it, and the same pod always
// gets the same value. Empty without a key.
func HookToken(key []byte, namespace, pod string) string {
	if len(key) == 0 {
		return ""
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(namespace + "/" + pod))
	return hex.EncodeToString(mac.Sum(nil))
}

// httpGet asks the agent. The host stays empty: the pod's own address, and Pod Security forbids another.
func httpGet(path string) corev1.ProbeHandler {
	return corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: path, Port: intstr.FromInt32(contract.AgentPort), Scheme: corev1.URISchemeHTTP}}
}

func tcp(port int) corev1.ProbeHandler {
	return corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt32(int32(port))}} //nolint:gosec // a port
}
