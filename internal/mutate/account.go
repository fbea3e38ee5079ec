// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// defaultAccount is what the API server writes into a pod that names no account.
const defaultAccount = "default"

// apiAccessVolume begins the name of the token volume that the API server adds.
const apiAccessVolume = "kube-api-access-"

// accountName is the account that the pod will run under.
type accountName struct {
	name string
	// own is set where the user chose it.
	own bool
}

// account gives the pod the group's account, unless the user chose one. The token that the API server has already put
// into every container would then be the agent's, so it goes: only the agent may act as the agent.
func (j *injection) account() {
	spec := &j.pod.Spec
	ours := contract.ObjectName(j.statefulSet)
	j.accountName = accountName{name: ours}
	switch current := cmp.Or(spec.ServiceAccountName, spec.DeprecatedServiceAccount); {
	case current == ours:
		return
	case current != "" && current != defaultAccount:
		j.accountName = accountName{name: current, own: true}
		j.warn("service account %s is kept, and gets the rights of the agent: every other pod of this account has them too", current)
		if mounted := spec.AutomountServiceAccountToken; mounted == nil || *mounted {
			j.warn("the containers of the pod get the token of service account %s, and with it the rights of the agent: set automountServiceAccountToken: false in the pod's spec, if none of them needs the Kubernetes API", current)
		}
		return
	case j.in.DryRun && !j.in.AccountReady:
		j.warn("dry-run: the pod would run under service account %s, which does not exist yet; here it keeps %s", ours, defaultAccount)
		return
	}
	removed := j.removeAPIAccess()
	j.setAccount(ours)
	if removed {
		j.warn("the pod runs under service account %s, whose token only the agent gets: a container that needs the Kubernetes API must name a service account of its own", ours)
	}
}

func (j *injection) setAccount(name string) {
	spec := &j.pod.Spec
	if spec.ServiceAccountName == "" {
		j.patch.add("/spec/serviceAccountName", name)
	} else {
		j.patch.replace("/spec/serviceAccountName", spec.ServiceAccountName, name)
	}
	if spec.DeprecatedServiceAccount != "" {
		j.patch.replace("/spec/serviceAccount", spec.DeprecatedServiceAccount, name)
		spec.DeprecatedServiceAccount = name
	}
	spec.ServiceAccountName = name
	switch current := spec.AutomountServiceAccountToken; {
	case current == nil:
		j.patch.add("/spec/automountServiceAccountToken", false)
	case *current:
		j.patch.replace("/spec/automountServiceAccountToken", true, false)
	}
	spec.AutomountServiceAccountToken = new(false)
}

// removeAPIAccess takes out the token volume that the API server added, and its mounts; never a volume of the user's.
func (j *injection) removeAPIAccess() bool {
	spec := &j.pod.Spec
	at := slices.IndexFunc(spec.Volumes, isAPIAccess)
	if at < 0 {
		return false
	}
	volume := spec.Volumes[at].Name
	for i := range spec.InitContainers {
		j.removeMount(fmt.Sprintf("/spec/initContainers/%d/volumeMounts", i), &spec.InitContainers[i], volume)
	}
	for i := range spec.Containers {
		j.removeMount(fmt.Sprintf("/spec/containers/%d/volumeMounts", i), &spec.Containers[i], volume)
	}
	j.patch.remove(fmt.Sprintf("/spec/volumes/%d", at), "/name", volume)
	spec.Volumes = slices.Delete(spec.Volumes, at, at+1)
	return true
}

func (j *injection) removeMount(path string, c *corev1.Container, volume string) {
	for i := len(c.VolumeMounts) - 1; i >= 0; i-- {
		if c.VolumeMounts[i].Name == volume {
			j.patch.remove(fmt.Sprintf("%s/%d", path, i), "/name", volume)
			c.VolumeMounts = slices.Delete(c.VolumeMounts, i, i+1)
		}
	}
}

func isAPIAccess(v corev1.Volume) bool {
	return strings.HasPrefix(v.Name, apiAccessVolume) && v.Projected != nil &&
		slices.ContainsFunc(v.Projected.Sources, func(s corev1.VolumeProjection) bool { return s.ServiceAccountToken != nil })
}
