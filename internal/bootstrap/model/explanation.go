// SPDX-License-Identifier: Apache-2.0

package model

// EventPolicy says when a reason becomes an Event on the pod, once for each stretch of turns that give it.
type EventPolicy int

const (
	// NoEvent reasons appear only in log, metric and status.
	NoEvent EventPolicy = iota
	// NormalWhenActed reasons become a normal Event when something was done for them.
	NormalWhenActed
	// WarningWhenActed reasons become a warning when something was done for them.
	WarningWhenActed
	// WarningWhenLasting reasons become a warning when they last: most waits end by themselves.
	WarningWhenLasting
	// Warning reasons become a warning in both cases.
	Warning
)

// explanation is what a person should know of a reason: what it means, what to do (nothing where it is empty), and whether it
// becomes an Event.
type explanation struct {
	reason   Reason
	sentence string
	advice   string
	events   EventPolicy
}

// explained maps each reason to its line in the two tables.
var explained = func() map[Reason]explanation {
	m := make(map[Reason]explanation, len(redisReasons)+len(sentinelReasons))
	for _, table := range [][]explanation{redisReasons, sentinelReasons} {
		for _, e := range table {
			m[e.reason] = e
		}
	}
	return m
}()

var redisReasons = []explanation{
	{NotRunning, "Redis does not answer, so it can be neither configured nor promoted.", "If it lasts, read the log of the Redis container: it does not start, or it hangs.", NoEvent},
	{AgentDenied, "Redis answers, and refuses its own agent (NOAUTH, WRONGPASS or NOPERM): it did not start from the generated file, or somebody took away the agent's user.", "Look whether the container's entrypoint loads the file that its arguments name. `ACL SETUSER redis-sentinel-agent` and `ACL DELUSER` are not for users; a restart of the Redis container brings the user back.", WarningWhenLasting},
	{TooManyClients, "Redis answers, and has as many clients as `maxclients` allows: it does not let its own agent in, and can be neither configured nor promoted.", "End some of its clients, or give their pools fewer connections; a scale to fewer of them does both. Then set a greater `maxclients` for Redis. Until one goes nobody else is let in either, `redis-cli` included.", WarningWhenLasting},
	{ScriptRunning, "A script or function keeps Redis from answering anybody, its Sentinels too: when that lasts for down-after, they make another pod master, and what the script writes is lost.", "Write shorter scripts, or raise `redis-sentinel.dev/down-after` above the longest. `redis-cli SCRIPT KILL` ends one that has not written.", WarningWhenLasting},
	{NeverAnswered, "Redis has not answered once since this agent started, and connects to its port have been refused for half a minute: it has not started, or it ends each time that it does.", "`kubectl describe pod` shows whether its image is still being pulled or its container restarts. If it restarts, read the log of the Redis container: a server older than Redis 6.0 does not know the generated redis.conf, and no server starts with an option in your redis.conf or arguments that it does not know, or with data of a newer version.", WarningWhenLasting},
	{LoadingData, "Redis is running and loads its data set.", "", NoEvent},
	{ServerTooOld, "Redis is older than Redis 6.2 or Valkey 7.2: it is fenced, and neither leads nor follows.", "Use an image with Redis 6.2, Valkey 7.2 or newer for the Redis container in the pod template of the StatefulSet, and delete the pod, which a StatefulSet does not replace while it is not ready. The data stays as it is.", Warning},
	{OtherConfiguration, "Redis did not start from the generated configuration file, so that it would lead whenever it starts, whoever leads by then: it is fenced, and neither leads nor follows.", "The container's image or a script in it starts Redis in a way of its own: say the start in the pod template of the StatefulSet, like command: [\"redis-server\"], with the arguments that it needs, and delete the pod, which a StatefulSet does not replace while it is not ready.", Warning},
	{RecordUnknown, "The record has not been read yet, so no pod may lead by it.", "If it lasts, check that the Lease `redis-sentinel-NAME` of the StatefulSet NAME exists, and that the pod's service account may read it.", WarningWhenLasting},
	{Replaced, "The API shows another pod under this pod's name: Redis is fenced and nothing is written.", "Nothing, if the pod was replaced. Otherwise look for a second pod or cluster that uses the same identity.", WarningWhenLasting},
	{SetDeleted, "The StatefulSet does not exist, so no group is formed.", "Create the StatefulSet again, or delete its pods.", NoEvent},
	{Leaving, "This pod is terminating: it neither forms a group nor claims the mastership.", "", NoEvent},
	{Incumbent, "The greatest epoch names this pod, and its Redis is master.", "", NoEvent},
	{HandingOver, "This pod is about to stop: writes are paused while a replica catches up and takes over as master.", "", NoEvent},
	{HandingToFirst, "The opt-in label was removed and pods lose their agents from the highest ordinal down: the lowest ordinal takes over as master, because its data is what remains.", "", NoEvent},
	{HandoverRequested, "The annotation `redis-sentinel.dev/handover` on the StatefulSet asks for it: writes are paused while a replica catches up and takes over as master.", "", NoEvent},
	{RequestWaits, "The annotation `redis-sentinel.dev/handover` on the StatefulSet asks for another master, and no pod that it names is in sync with this one, or the last attempt did not succeed.", "Look at the pod that is to lead: it has to be Ready, and its link to the master up. The request is taken off after a minute.", WarningWhenLasting},
	{NoSuccessor, "This pod is about to stop and no replica is in sync: no pod can take over as master.", "Before you delete the master, find out why no replica is in sync: no other pod has all of its writes.", NoEvent},
	{CannotSave, "Redis cannot save its data, perhaps for lack of disk space: a replica that can save takes over as master; until there is one, this Redis stays master.", "Free space on the volume, or find in the Redis log why a save or an append failed.", Warning},
	{Unconfirmed, "Recently neither the API nor a majority of Sentinels named this pod, and not every replica follows it: writes are refused.", "Check the network between this node, the API server and the Sentinels.", WarningWhenLasting},
	{Superseded, "A greater epoch names another pod, which answers as master: Redis follows it.", "", NormalWhenActed},
	{PromotedBySentinel, "A Sentinel promoted this Redis and its failover is not over: nothing is changed.", "", NoEvent},
	{PromotedEmpty, "A Sentinel promoted this Redis, but its process has just restarted without data, while others hold the group's data, or may hold it: it is fenced.", "", WarningWhenActed},
	{RecordWentBack, "Redis leads, and the record was put back to what it said earlier, as after a restore of the API's store: this pod claims again.", "", WarningWhenActed},
	{UnnamedMaster, "Redis is master, but nothing names it yet.", "", NoEvent},
	{HolderFollows, "The recorded master follows this Redis, which somebody made master by FAILOVER or by hand: this pod claims the mastership.", "", NormalWhenActed},
	{NeverNamed, "Redis was master for a whole failover timeout and nothing named it: it is fenced.", "Nothing. If it happens again, someone promotes Redis by hand.", WarningWhenActed},
	{OwnClaim, "The record accepted this pod's claim: its Redis becomes master.", "", NoEvent},
	{TransferAccepted, "The holder offers the mastership to this pod, which has the data that the offer requires: it claims the mastership.", "", NormalWhenActed},
	{Following, "The greatest epoch names a pod that answers as master: Redis follows it.", "", NoEvent},
	{Joining, "This pod's volume claim is new to the group: it joins the record's members before Redis takes the group's data.", "", NoEvent},
	{Synced, "Redis follows the named master and its replication link is up.", "", NoEvent},
	{ForeignData, "Redis holds data that does not belong to this group.", "Save the data if you need it; then set the annotation `redis-sentinel.dev/replace-data` on the StatefulSet to the pod's name.", WarningWhenLasting},
	{FailoverRunning, "A Sentinel reports a failover in progress: it goes first.", "Nothing; it ends within failover-timeout.", NoEvent},
	{MasterSilent, "The named master does not answer: Sentinel is given its time to fail over.", "", NoEvent},
	{MasterReturning, "The named master's Redis restarted: its own agent decides which pod leads.", "", NoEvent},
	{MasterGone, "The named master is proven gone, no Sentinel is replacing it, and this pod has the best data: it claims the mastership.", "Find out why the master went down.", WarningWhenActed},
	{MasterAddressGone, "Redis follows an address that no pod of the group has any more: it is detached, before a foreign server gets that address.", "", NoEvent},
	{AnotherLeads, "Another pod should claim the mastership: this one waits for it.", "", NoEvent},
	{CandidatesSilent, "A pod that may hold data has not answered yet.", "Bring the missing pod up, or wait: after recovery-timeout the others go on without it if one of them has data. If all of them are empty they keep waiting, so that data which it may hold is not given up; if it is lost, delete its pod and its volume claim.", WarningWhenLasting},
	{AllEmpty, "Every candidate is empty, and this pod is the one to begin: it claims the mastership.", "", NormalWhenActed},
	{BestData, "The group has no master and this pod has the best data: it claims the mastership.", "", NormalWhenActed},
	{UnrelatedData, "Several pods hold data that does not belong together.", "Set the annotation `redis-sentinel.dev/initial-master` on the StatefulSet to the name of the pod whose data is to be kept.", WarningWhenLasting},
	{DataGone, "Every candidate answered and all are empty: the data is gone, and the recorded holder leads again.", "Restore from a backup, unless this is a cache.", WarningWhenActed},
	{Chosen, "Nothing is left of the group's data, and `redis-sentinel.dev/initial-master` names this pod: it claims, and a new history begins with what it holds.", "", WarningWhenActed},
	{OnlyForeignData, "Of the pods that answered, those with data hold none of this group's: no pod leads before a person has chosen.", "Say which pod leads: `kubectl annotate statefulset NAME redis-sentinel.dev/initial-master=POD`. Naming the pod with that data makes it the group's, as after a restore; naming an empty one begins with nothing, and the other's data stays untouched until `redis-sentinel.dev/replace-data` names that pod.", WarningWhenLasting},
	{TransferAfterCrash, "Redis was master and its process is gone: the most advanced replica in sync is offered the mastership.", "Read the previous log of the Redis container; `kubectl describe pod` shows whether it was killed at its memory limit.", WarningWhenActed},
	{TransferAfterRestart, "Redis restarted and a replica in sync holds the data: it is offered the mastership.", "", NormalWhenActed},
	{RestartedWaiting, "Redis restarted and waits for the replica that was offered the mastership, or for pods that may hold newer data.", "", NoEvent},
	{RestartedInPlace, "Redis restarted with its data and no replica can lead: this pod claims the mastership again.", "", NormalWhenActed},
	{Resumed, "The whole group restarted, and this pod is the recorded holder with its data: it claims the mastership again.", "", NormalWhenActed},
	{Adopting, "Pods without an agent are still running: Redis follows the one that holds the data.", "", NoEvent},
	{AdoptingForeign, "Pods without an agent are still running, and this pod's data is not theirs: nothing is changed.", "Choose whose data is to be kept: `redis-sentinel.dev/replace-data` or `redis-sentinel.dev/initial-master` on the StatefulSet.", WarningWhenLasting},
	{AdoptionGoesOn, "Pods without an agent are still running and hold no data; this pod holds some and leads once all have an agent.", "", NoEvent},
	{SeveralPlainMasters, "Several pods without an agent are masters with data.", "Set the annotation `redis-sentinel.dev/initial-master` on the StatefulSet to the name of the pod whose data is to be kept.", WarningWhenLasting},
	{PlainMasterGone, "The pods without an agent are replicas whose master was replaced, and this pod came back without its data: they hold all that is left.", "Make one of them master, with `redis-cli REPLICAOF NO ONE` in its container: this pod follows it, and the rollout goes on.", WarningWhenLasting},
	{PlainPodsSilent, "Pods without an agent do not answer; protected mode or a password may keep this pod out.", "Let this pod connect: bind Redis to the pod's address, and turn protected mode off. A password is presented where the pod template has it.", WarningWhenLasting},
	{TokenRefused, "The Kubernetes API answers and refuses the token of this pod, as after its service account was deleted and made again: this agent can write neither records nor labels, and no Redis claims the mastership by it; Sentinel fails over.", "The kubelet brings a new token within an hour; delete the pod to have one at once, replicas first.", NoEvent},
	{APIAway, "The Kubernetes API does not answer: roles stay as they are, Sentinel fails over, and no pod claims the mastership.", "Bring the API server back. Failover works without it; nothing else does.", NoEvent},
}

var sentinelReasons = []explanation{
	{SentinelSilent, "Sentinel does not answer.", "If it lasts, read the log of the Sentinel container.", NoEvent},
	{CutOff, "This Sentinel sees no majority of its set, and takes every master that it watches for down, by its word alone: its pod is not ready, and clients ask another through the Service.", "Look at the network between this pod and the others; where all Sentinels say so, most of them are gone and so is every master. It counts as ready again after ten minutes, so that a rollout goes on.", NoEvent},
	{NotFormed, "The record names no master yet.", "", NoEvent},
	{GroupGone, "The record no longer exists: Sentinel is told to forget the group.", "", NoEvent},
	{GroupAbsent, "The record does not exist or names another Sentinel set, and this Sentinel does not know the group.", "", NoEvent},
	{ServedElsewhere, "The record names another Sentinel set: this Sentinel is told to forget the group.", "", NoEvent},
	{NameTaken, "Another group of this Sentinel set has the name that the record asks for: this group is not watched.", "Give one of the two StatefulSets another master-name, or none.", NoEvent},
	{EpochUnbelievable, "An epoch is minutes ahead of the clock: it is not believed.", "Look for a wrong clock, or for something that writes epochs: into the Lease, or by PUBLISH on a Redis that the set watches. If the number stands in the Lease and the clocks are right, delete the Lease: the living master claims the new one.", NoEvent},
	{AddressTaken, "No pod of the group has the recorded master's address any more, and a foreign server answers there: Sentinel is told to forget the group until a master claims it.", "", NoEvent},
	{HolderUnverified, "The recorded master does not answer as master: Sentinel is not pointed at it.", "If it lasts, check the pod that the record names.", NoEvent},
	{NewGroup, "The record names a master that answers, and this Sentinel does not know the group.", "", NoEvent},
	{NativeSwitch, "Sentinel finished a failover to a pod of the group that answers as master: the record adopts it.", "", NoEvent},
	{FailoverStuck, "Sentinel waits in a failover for a pod that is gone or down, and another leads: the group is recreated in it.", "", NoEvent},
	{SwitchUnverified, "Sentinel names a pod that does not answer as master, at a greater epoch than the record.", "", NoEvent},
	{SwitchToUnknownAddress, "Sentinel names an address that no pod of the group has: the recorded master gets a greater epoch.", "If it happens again, something publishes hello messages through a Redis that the set watches.", NoEvent},
	{EqualEpochs, "Record and Sentinel name two addresses at the same epoch: the recorded master gets a greater epoch.", "", NoEvent},
	{SentinelBehind, "The record is ahead of Sentinel, and the recorded master answers.", "", NoEvent},
	{AloneBehind, "The record is ahead of Sentinel, which has no peers: the group is recreated in it.", "", NoEvent},
	{StaleEntries, "Sentinel lists replicas or Sentinels that no longer exist: the group is recreated in it.", "", NoEvent},
	{NoElectableReplica, "A replica is in sync, but Sentinel lists none that it could elect: the group is recreated in it, so that it reads the replicas at once.", "", NoEvent},
	{SettingsDiffer, "Sentinel has other settings for the group than the record.", "", NoEvent},
	{Agreed, "Record and Sentinel agree.", "", NoEvent},
}
