// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"syscall"

	jsonpatch "github.com/evanphx/json-patch/v5"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/mutate"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/policy"
)

// Pod is one pod that runs here.
type Pod struct {
	Name    string
	Ordinal int
	Address netip.Addr
	UID     string

	set    *Set
	object *corev1.Pod
	port   *Port
	root   string
	agent  container
	server container
	probes *probes
}

// start creates the pod in the API, as the injection wants it, and runs it. A pod that the API has under the name is removed
// first.
func (set *Set) start(ordinal int, address netip.Addr) (*Pod, error) {
	object, err := set.inject(ordinal)
	if err != nil {
		return nil, err
	}
	pods := set.scene.Client.CoreV1().Pods(set.scene.Namespace)
	made, err := pods.Create(set.scene.context(), object, metav1.CreateOptions{})
	if err != nil {
		return nil, err
	}
	pod := &Pod{Name: made.Name, Ordinal: ordinal, Address: address, UID: string(made.UID), set: set, object: made}
	if err := pod.status(false); err != nil {
		return pod, err
	}
	return pod, pod.run()
}

// inject sends a pod through admission.
func (set *Set) inject(ordinal int) (*corev1.Pod, error) {
	s := set.scene
	yes := true
	plain := &corev1.Pod{ObjectMeta: set.meta(), Spec: set.spec(ordinal)}
	plain.Name, plain.Namespace = set.Name+"-"+strconv.Itoa(ordinal), s.Namespace
	plain.Spec.Hostname, plain.Spec.NodeName = plain.Name, "lab"
	plain.Labels["statefulset.kubernetes.io/pod-name"] = plain.Name
	plain.Labels["controller-revision-hash"] = revision
	plain.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "StatefulSet", Name: set.Name, UID: types.UID(set.uid), Controller: &yes, BlockOwnerDeletion: &yes}}
	raw, err := json.Marshal(plain)
	if err != nil {
		return nil, err
	}
	resolved, err := s.policy.Resolve(policy.Object{Namespace: s.Namespace, PodLabels: plain.Labels, PodAnnotations: plain.Annotations})
	resolved.PasswordRequired = set.PasswordRequired
	result := mutate.Pod(raw, mutate.Input{
		Namespace: s.Namespace, Name: plain.Name, AccountReady: true, Resolved: resolved, ResolveErr: err,
		HookKey: []byte("the lab's own"), Version: "lab",
	})
	if result.Denied != "" {
		return nil, fmt.Errorf("refused: %s", result.Denied)
	}
	if err = s.ensure(*result.Group); err != nil {
		return nil, err
	}
	set.mu.Lock()
	set.group = result.Group
	set.mu.Unlock()
	patch, err := jsonpatch.DecodePatch(result.Patch)
	if err != nil {
		return nil, err
	}
	if raw, err = patch.Apply(raw); err != nil {
		return nil, err
	}
	injected := &corev1.Pod{}
	err = json.Unmarshal(raw, injected)
	if set.WithoutKeys {
		withoutKeys(injected)
	}
	return injected, err
}

// status tells the API the pod's address and readiness.
func (p *Pod) status(ready bool) error {
	word := corev1.ConditionFalse
	if ready {
		word = corev1.ConditionTrue
	}
	patch, err := json.Marshal(map[string]any{"status": corev1.PodStatus{
		Phase: corev1.PodRunning, PodIP: p.Address.String(), PodIPs: []corev1.PodIP{{IP: p.Address.String()}},
		Conditions: []corev1.PodCondition{
			{Type: corev1.PodScheduled, Status: corev1.ConditionTrue}, {Type: corev1.PodReady, Status: word},
		},
	}, "metadata": map[string]any{"uid": p.UID}})
	if err != nil {
		return err
	}
	s := p.set.scene
	_, err = s.Client.CoreV1().Pods(s.Namespace).Patch(s.context(), p.Name, types.MergePatchType, patch, metav1.PatchOptions{}, "status")
	return err
}

// agentContainer is the injected container.
func (p *Pod) agentContainer() corev1.Container {
	i := slices.IndexFunc(p.object.Spec.InitContainers, func(c corev1.Container) bool { return c.Name == contract.AgentContainer })
	return p.object.Spec.InitContainers[i]
}

// serverContainer is the user's own container.
func (p *Pod) serverContainer() corev1.Container { return p.object.Spec.Containers[0] }

// CrashServer kills the server as a crash does; it is restarted in place, at once or, with hold, by Release.
func (p *Pod) CrashServer(hold bool) { p.server.crash(hold) }

// CrashAgent kills the agent; it is restarted in place, at once or, with hold, by Release.
func (p *Pod) CrashAgent(hold bool) { p.agent.crash(hold) }

// Release lets programs start that were held.
func (p *Pod) Release() {
	p.agent.release()
	p.server.release()
}

// Restarts is how often the server was restarted, and AgentRestarts how often the agent was.
func (p *Pod) Restarts() int { return p.server.restarted() }

// AgentRestarts is Restarts of the agent.
func (p *Pod) AgentRestarts() int { return p.agent.restarted() }

// Freeze stops agent and server, and the kubelet's probes: the node hangs, and the API goes on saying what it said last.
func (p *Pod) Freeze() {
	p.probes.pause(true)
	p.agent.signal(syscall.SIGSTOP)
	p.server.signal(syscall.SIGSTOP)
}

// Thaw ends Freeze.
func (p *Pod) Thaw() {
	p.server.signal(syscall.SIGCONT)
	p.agent.signal(syscall.SIGCONT)
	p.probes.pause(false)
}

// Cut makes the pod's network silent, Heal ends that.
func (p *Pod) Cut() error { return p.port.Cut() }

// Heal ends Cut.
func (p *Pod) Heal() error { return p.port.Heal(p.set.scene.Network) }

// CutFrom makes an address unreachable for the pod, HealFrom reachable again.
func (p *Pod) CutFrom(a netip.Addr) error { return p.port.CutFrom(a) }

// HealFrom ends CutFrom.
func (p *Pod) HealFrom(a netip.Addr) error { return p.port.HealFrom(a) }

// Deafen drops what comes to the pod over one connection.
func (p *Pod) Deafen(port uint16) error { return p.port.Deafen(port) }

// ensure asks again, like the controller of a pod that was refused: a loaded machine may take longer than one request is
// allowed.
func (s *Scene) ensure(group mutate.Group) error {
	const attempts = 5
	var err error
	for range attempts {
		if err = s.provisioner.Ensure(s.context(), group); err == nil || !errors.Is(err, context.DeadlineExceeded) {
			return err
		}
	}
	return err
}
