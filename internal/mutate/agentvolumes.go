// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	"encoding/json"
	"slices"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// configDirectory is on the node's disk for Redis. A Sentinel writes and syncs its file before each vote; a disk that
// takes half a second for it makes Sentinels miss each other's votes, so theirs is in memory. What a reboot of the node
// takes with it, the agent writes again from the records.
func configDirectory(role string) *corev1.EmptyDirVolumeSource {
	if role != contract.PodRoleSentinel {
		return &corev1.EmptyDirVolumeSource{}
	}
	return &corev1.EmptyDirVolumeSource{Medium: corev1.StorageMediumMemory, SizeLimit: new(resource.MustParse("16Mi"))}
}

// VolumeNames are what the volumes of an agent come from.
type VolumeNames struct {
	// Role is contract.PodRoleRedis or contract.PodRoleSentinel, StatefulSet the group's.
	Role, StatefulSet string
	// UserConfig is the ConfigMap and AuthSecret the Secret of the annotations; empty where there is none.
	UserConfig, AuthSecret string
}

// AgentVolumes are the volumes that the agent needs.
func AgentVolumes(n VolumeNames) []corev1.Volume {
	volumes := append(make([]corev1.Volume, 0, len(volumeNames)),
		corev1.Volume{Name: contract.ConfigVolume, VolumeSource: corev1.VolumeSource{EmptyDir: configDirectory(n.Role)}},
		corev1.Volume{Name: contract.TokenVolume, VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{
			DefaultMode: new(defaultMode),
			Sources: []corev1.VolumeProjection{
				{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{Path: "token", ExpirationSeconds: new(int64(tokenSeconds))}},
				{ConfigMap: &corev1.ConfigMapProjection{
					LocalObjectReference: corev1.LocalObjectReference{Name: "kube-root-ca.crt"},
					Items:                []corev1.KeyToPath{{Key: "ca.crt", Path: "ca.crt"}},
				}},
				{DownwardAPI: &corev1.DownwardAPIProjection{Items: []corev1.DownwardAPIVolumeFile{
					{Path: "namespace", FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: "metadata.namespace"}},
				}}},
			},
		}}},
		corev1.Volume{Name: contract.PrivateVolume, VolumeSource: corev1.VolumeSource{
			EmptyDir: &corev1.EmptyDirVolumeSource{Medium: corev1.StorageMediumMemory, SizeLimit: new(resource.MustParse("1Mi"))},
		}},
	)
	if n.Role == contract.PodRoleRedis {
		volumes = append(volumes, secretVolume(contract.KeysVolume, contract.ObjectName(n.StatefulSet)))
	} else {
		volumes = append(volumes, peerVolume(n.StatefulSet))
	}
	if n.AuthSecret != "" {
		volumes = append(volumes, secretVolume(contract.AuthVolume, n.AuthSecret))
	}
	if n.UserConfig != "" {
		volumes = append(volumes, corev1.Volume{Name: contract.UserConfigVolume, VolumeSource: corev1.VolumeSource{
			ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: n.UserConfig}, DefaultMode: new(defaultMode)},
		}})
	}
	return volumes
}

// sameVolumes are, by role and name, the volumes that all pods of a role have alike, in JSON.
var sameVolumes = sync.OnceValue(func() map[string]json.RawMessage {
	texts := map[string]json.RawMessage{}
	for _, role := range []string{contract.PodRoleRedis, contract.PodRoleSentinel} {
		for _, v := range AgentVolumes(VolumeNames{Role: role}) {
			if !slices.Contains([]string{contract.ConfigVolume, contract.TokenVolume, contract.PrivateVolume}, v.Name) {
				continue
			}
			text, err := json.Marshal(v)
			if err != nil {
				panic("mutate: encoding a volume: " + err.Error())
			}
			texts[role+"/"+v.Name] = text
		}
	}
	return texts
})

// volumeText is a volume as a patch takes it: in JSON already, where all pods have the same.
func volumeText(role string, v corev1.Volume) any {
	if text, ok := sameVolumes()[role+"/"+v.Name]; ok {
		return text
	}
	return v
}

// secretVolume is a directory of a Secret, without which the pod does not start: a server without its passwords would be open, or
// closed to its group.
func secretVolume(volume, secret string) corev1.Volume {
	return corev1.Volume{Name: volume, VolumeSource: corev1.VolumeSource{
		Secret: &corev1.SecretVolumeSource{SecretName: secret, DefaultMode: new(defaultMode)},
	}}
}

// peerVolume is the Secret that the Sentinels of a set share. It is mounted because no account is granted a Secret. A pod
// may start before it is there: the agent waits, and says for what.
func peerVolume(statefulSet string) corev1.Volume {
	return corev1.Volume{Name: contract.PeerVolume, VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{
		SecretName: contract.PeerSecretName(statefulSet), DefaultMode: new(defaultMode), Optional: new(true),
	}}}
}
