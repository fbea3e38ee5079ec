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
	{NotRunning, "My Redis does not answer; there is nothing to point or promote.", "If it lasts, read the log of the Redis container: it does not start, or it hangs.", NoEvent},
	{LoadingData, "My Redis lives and loads its data set.", "", NoEvent},
	{ServerTooOld, "My Redis is older than Redis 6.2 or Valkey 7.2: it is fenced, and neither leads nor follows.", "Use an image of Redis 6.2, Valkey 7.2 or newer for the Redis container in the pod template of the StatefulSet. Its data stays as it is.", Warning},
	{RecordUnknown, "The record has not been read yet, so nobody may lead by it.", "If it lasts, look for the Lease `redis-sentinel-NAME` of the StatefulSet NAME, and whether the pod's account may read it.", WarningWhenLasting},
	{Replaced, "Another pod bears my name in the API: my Redis is fenced and I write nothing.", "Nothing, if the pod was replaced. Otherwise look for a second pod or cluster that uses this identity.", WarningWhenLasting},
	{SetDeleted, "The StatefulSet does not exist, so no group is formed.", "Create the StatefulSet again, or delete its pods.", NoEvent},
	{Leaving, "My pod is terminating: it neither forms nor claims.", "", NoEvent},
	{Incumbent, "The greatest epoch names me, and my Redis is master.", "", NoEvent},
	{HandingOver, "My pod is about to end: writes are paused while a replica catches up and takes the mastership.", "", NoEvent},
	{HandingToFirst, "The label was removed and pods lose their agents from the highest ordinal: the lowest takes the mastership, because its data is what remains.", "", NoEvent},
	{NoSuccessor, "My pod is about to end and no replica is in sync: nobody can take the mastership.", "Find out why no replica is in sync before you delete the master: nobody can take its writes over.", NoEvent},
	{CannotSave, "My Redis cannot save its data, perhaps for want of space: a replica that can takes the mastership, and while there is none, mine goes on.", "Make room on the volume, or find out from Redis' log why a save or an append failed.", Warning},
	{Unconfirmed, "Neither the API nor a majority of Sentinels has named me of late, and not every replica follows me: writes are refused.", "Look at the network between this node, the API server and the Sentinels.", WarningWhenLasting},
	{Superseded, "A greater epoch names another node, which answers as master: my Redis follows it.", "", NormalWhenActed},
	{PromotedBySentinel, "A Sentinel made my Redis master and its failover is not over: it is left alone.", "", NoEvent},
	{PromotedEmpty, "A Sentinel made my Redis master, but its process has just restarted and holds nothing, while others hold the group's data, or may hold it: it is fenced.", "", WarningWhenActed},
	{UnnamedMaster, "My Redis is master, but nothing names it yet.", "", NoEvent},
	{NeverNamed, "My Redis was master for a whole failover timeout and nothing named it: it is fenced.", "Nothing. If it happens again, somebody promotes Redis by hand.", WarningWhenActed},
	{OwnClaim, "The record accepted my claim: my Redis becomes master.", "", NoEvent},
	{TransferAccepted, "The holder offers me the mastership and my data is what it offered for: I claim.", "", NormalWhenActed},
	{Following, "The greatest epoch names a node that answers as master: my Redis follows it.", "", NoEvent},
	{Joining, "My data claim is new to the group: it joins the record's members before my Redis takes the group's data.", "", NoEvent},
	{Synced, "My Redis follows the named master and its link is up.", "", NoEvent},
	{ForeignData, "My Redis holds data that does not belong to this group.", "Save the data if you need it; then set annotation `redis-sentinel.dev/replace-data` on the pod template to the pod's name.", WarningWhenLasting},
	{FailoverRunning, "A Sentinel shows a failover in progress: it goes first.", "Nothing; it ends within failover-timeout.", NoEvent},
	{MasterSilent, "The named master is silent: Sentinel has its time to fail over.", "", NoEvent},
	{MasterReturning, "The named master's Redis restarted: its own agent decides who leads.", "", NoEvent},
	{MasterGone, "The named master is proven gone, Sentinel did not fail over, and my data is best: I claim.", "Find out why the master went and why Sentinel did not replace it.", WarningWhenActed},
	{MasterAddressGone, "My Redis follows an address that no pod of the group has any more: it lets go, before a stranger gets that address.", "", NoEvent},
	{AnotherLeads, "Another pod is the one that should claim: I wait for it.", "", NoEvent},
	{CandidatesSilent, "A pod that may hold data has not answered yet.", "Bring the missing pod up, or wait: after recovery-timeout the others go on without it if one of them has data. If all of them are empty they wait, so that nothing is given up that it may hold; delete its pod and its claim if they are lost.", WarningWhenLasting},
	{AllEmpty, "Every possible holder is empty, and I am the one to begin: I claim.", "", NormalWhenActed},
	{BestData, "The group has no master and my data is best: I claim.", "", NormalWhenActed},
	{UnrelatedData, "Several pods hold data that does not belong together.", "Set annotation `redis-sentinel.dev/initial-master` on the pod template to the name of the pod whose data counts.", WarningWhenLasting},
	{DataGone, "All possible holders answered and all are empty: the data is gone, and the recorded holder leads again.", "Restore from a backup, if this was no cache.", WarningWhenActed},
	{OnlyForeignData, "Of the pods that answered, those with data hold none of this group's: nobody leads before a person has chosen.", "If that data is right, restored from a backup for example: scale to 0, delete the other claims and the Lease `redis-sentinel-NAME`, scale up. If it may go, set annotation `redis-sentinel.dev/replace-data` on the pod template to the name of the pod that holds it.", WarningWhenLasting},
	{TransferAfterCrash, "My Redis was master and its process is gone: I offer the mastership to the replica in sync that is furthest.", "Read the previous log of the Redis container; `kubectl describe pod` says whether its memory limit ended it.", WarningWhenActed},
	{TransferAfterRestart, "My Redis restarted and a replica in sync holds the data: I offer it the mastership.", "", NormalWhenActed},
	{RestartedWaiting, "My Redis restarted and I wait for the replica that I offered the mastership to, or for pods that may hold newer data.", "", NoEvent},
	{RestartedInPlace, "My Redis restarted with its data and no replica can lead: I claim again.", "", NormalWhenActed},
	{Resumed, "The whole group restarted, and I am the recorded holder with my data: I claim again.", "", NormalWhenActed},
	{Adopting, "Pods without an agent still run: my Redis follows the one that holds the data.", "", NoEvent},
	{AdoptingForeign, "Pods without an agent still run, and my data is not theirs: I touch nothing.", "Choose whose data counts: `redis-sentinel.dev/replace-data` or `redis-sentinel.dev/initial-master` on the pod template.", WarningWhenLasting},
	{AdoptionGoesOn, "Pods without an agent still run and hold no data; I hold some and lead when all have an agent.", "", NoEvent},
	{SeveralPlainMasters, "Several pods without an agent are masters with data.", "Set annotation `redis-sentinel.dev/initial-master` on the pod template to the name of the pod whose data counts.", WarningWhenLasting},
	{PlainPodsSilent, "Pods without an agent do not answer; protected mode or a password may keep me out.", "Let the agent's pod in: bind Redis to the pod's address, turn protected mode off, and use no password during adoption.", WarningWhenLasting},
	{APIAway, "The Kubernetes API does not answer: roles stay, Sentinel fails over, nobody claims.", "Bring the API server back. Failover works without it; nothing else does.", NoEvent},
}

var sentinelReasons = []explanation{
	{SentinelSilent, "My Sentinel does not answer.", "If it lasts, read the log of the Sentinel container.", NoEvent},
	{NotFormed, "The record names no master yet.", "", NoEvent},
	{GroupGone, "The record does not exist any more: my Sentinel forgets the group.", "", NoEvent},
	{GroupAbsent, "The record does not exist or names another set, and my Sentinel does not know the group.", "", NoEvent},
	{ServedElsewhere, "The record names another Sentinel set: my Sentinel forgets the group.", "", NoEvent},
	{EpochUnbelievable, "An epoch lies more than a day ahead of the clock: nobody believes it.", "Look for a wrong clock, or for somebody who writes epochs: into the Lease, or by PUBLISH on a Redis that the set watches.", NoEvent},
	{AddressTaken, "No pod of the group has the recorded master's address any more, and a stranger answers there: my Sentinel forgets the group until a master claims it.", "", NoEvent},
	{HolderUnverified, "The recorded master does not answer as master: my Sentinel is not pointed at it.", "If it lasts, look at the pod that the record names.", NoEvent},
	{NewGroup, "The record names a master that answers, and my Sentinel does not know the group.", "", NoEvent},
	{NativeSwitch, "Sentinel finished a failover to a pod of the group that answers as master: the record takes it over.", "", NoEvent},
	{SwitchUnverified, "My Sentinel names a pod that does not answer as master, at a greater epoch than the record.", "", NoEvent},
	{SwitchToUnknownAddress, "My Sentinel names an address that is no pod of the group: the recorded master gets a greater epoch.", "If it happens again, somebody publishes hellos through a Redis that the set watches.", NoEvent},
	{EqualEpochs, "Record and Sentinel name two addresses at one epoch: the recorded master gets a greater epoch.", "", NoEvent},
	{SentinelBehind, "The record is ahead of my Sentinel, and the recorded master answers.", "", NoEvent},
	{AloneBehind, "The record is ahead of my Sentinel, which has no peers: the group is made anew in it.", "", NoEvent},
	{StaleEntries, "My Sentinel lists replicas or Sentinels that no longer exist: the group is made anew in it.", "", NoEvent},
	{NoElectableReplica, "A replica is in sync, but my Sentinel lists none that it could elect: the group is made anew in it, which reads them at once.", "", NoEvent},
	{SettingsDiffer, "My Sentinel has other settings of the group than the record.", "", NoEvent},
	{Agreed, "Record and Sentinel agree.", "", NoEvent},
}
