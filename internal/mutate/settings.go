// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/redisconf"
)

// encodeSettings is what the agent of this pod is told.
func (j *injection) encodeSettings() error {
	j.settings = contract.Settings{Role: j.role, StatefulSet: j.statefulSet, Port: j.port}
	if j.role == contract.PodRoleSentinel {
		set := j.in.Resolved.LocalSets[j.statefulSet]
		j.settings.Sentinel = &contract.SentinelSettings{Service: j.sentinelService(), Namespaces: set.Namespaces}
	} else {
		data := ""
		if j.data.outlives() {
			data = j.data.name
		}
		own := Effective(j.pod.Annotations, nil) // what the StatefulSet says the agent reads there itself, and sees it go
		j.settings.Redis = &contract.RedisSettings{
			Include:            j.include,
			ACLFile:            j.aclFile,
			RotationGraceMs:    j.rotationGrace(),
			PasswordRequired:   j.in.Resolved.PasswordRequired,
			ShutDefault:        j.in.Resolved.PasswordRequired && !j.line.NamesDefault,
			DataVolume:         data,
			IncludeFirst:       j.line.Files,
			Before:             redisconf.Lines(j.line.Before),
			Whole:              j.line.Whole,
			ConfigPlace:        j.line.Place,
			PasswordFile:       j.line.PasswordFile,
			Diskless:           j.data.kind == unwritable,
			MinReplicasToWrite: j.in.Resolved.MinReplicasToWrite,
			MinReplicasMaxLag:  j.in.Resolved.MinReplicasMaxLag,
			InitialMaster:      own[contract.AnnotationInitialMaster],
			ReplaceData:        own[contract.AnnotationReplaceData],
			RecoveryTimeoutMs:  j.in.Resolved.RecoveryTimeoutMs,
			Group:              j.groupSettings(),
		}
	}
	if j.settings.Redis != nil {
		j.warnOfOverlap(j.settings.Redis.MinReplicasMaxLag, j.settings.Redis.MinReplicasToWrite)
	}
	var err error
	j.text, err = contract.EncodeSettings(j.settings)
	return err
}

// warnOfOverlap tells whoever lets a master that is cut off take writes for longer than Sentinels wait.
func (j *injection) warnOfOverlap(lag, replicas int) {
	downAfter := time.Duration(j.in.Resolved.DownAfterMs) * time.Millisecond
	if most := contract.LongestLag(downAfter); lag > most {
		j.warn("min-replicas-max-lag is %d s, and down-after %s: a master that is cut off from its replicas may acknowledge writes after another was promoted, and they are lost: set it to %d s at most, or leave it out", lag, downAfter, most)
	}
	if replicas == 0 {
		j.warn("min-replicas-to-write is 0: in a group of three pods or more a master that is cut off while its agent hangs acknowledges writes after another was promoted, and they are lost: set it to 1, or leave it out")
	}
}

// rotationGrace is 0 where no Secret has the clients' password.
func (j *injection) rotationGrace() int64 {
	if j.pod.Annotations[contract.AnnotationAuthSecret] == "" && j.line.PasswordFile == "" {
		return 0
	}
	return max(j.in.Resolved.RotationGraceMs, 1)
}

// sentinelService is the headless Service of a Sentinel set: the StatefulSet controller writes it into its pods.
func (j *injection) sentinelService() string {
	if j.pod.Spec.Subdomain != "" {
		return j.pod.Spec.Subdomain
	}
	if service := j.in.Resolved.LocalSets[j.statefulSet].Service; service != "" {
		return service
	}
	return j.statefulSet + "-headless"
}

func (j *injection) groupSettings() contract.GroupSettings {
	r := j.in.Resolved
	return contract.GroupSettings{
		Sentinels:         r.Sentinels,
		Quorum:            r.Quorum,
		DownAfterMs:       r.DownAfterMs,
		FailoverTimeoutMs: r.FailoverTimeoutMs,
		ParallelSyncs:     r.ParallelSyncs,
		MasterName:        r.MasterNameFor(j.namespace, j.statefulSet),
		Port:              j.port,
		MasterService:     masterService(j.effective, j.statefulSet),
	}
}

// group is what the pod needs around it.
func (j *injection) group(uid string) *Group {
	g := &Group{
		Namespace:      j.namespace,
		StatefulSet:    j.statefulSet,
		StatefulSetUID: uid,
		Role:           j.role,
		Account:        j.accountName.name,
		OwnAccount:     j.accountName.own,
		Port:           j.port,
		Service:        j.pod.Spec.Subdomain,
	}
	if j.role == contract.PodRoleRedis {
		g.KeyGeneration = j.in.Resolved.KeyGeneration
		g.Settings, g.SentinelsListed = j.groupSettings(), j.in.Resolved.SentinelsListed
		g.MasterService = masterService(j.effective, j.statefulSet)
		g.ReplicasService = replicasService(j.effective, j.statefulSet)
	}
	return g
}
