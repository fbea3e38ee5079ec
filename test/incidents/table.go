// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/casebook"
)

// table has every incident, those that lose data first.
var table = slices.Concat(data, masters, sentinels, handing, starting)

// data are those that lose or mix data.
var data = []incident{
	{
		number: 39, name: "Fast empty reboot", where: "kubeblocks#10753",
		there: "pod and volume were lost and recreated before any Sentinel missed the master; all replicas copied an empty Redis",
		here:  "Redis starts fenced, at no address a master; the empty pod follows the replica that takes over, also at the same address",
		tests: process("TestFastEmptyReboot", "TestMasterKilledInPlace"),
	},
	{
		number: 26, name: "Empty replica promoted", where: "spotahome/redis-operator#205",
		there: "a replica was ready before its first sync; when the master was deleted it was promoted, empty",
		here:  "a replica has priority 0 and is not ready until its link was up once; one that holds nothing never leads a group that had data",
		tests: append(decide("TestNeverTheEmptyOne", "TestFollowing"), casebook.In("internal/redisconf", "TestRedisConfNeverNamesAMaster")...),
	},
	{
		number: 27, name: "Reused address mixes two groups", where: "spotahome/redis-operator#550",
		there: "a dead pod's address went to another group of the same master name, whose data overwrote everything",
		here:  "names are unique; replicas let go of an address as soon as no pod of their group has it, and present themselves by their group's name, which a foreign server does not know",
		tests: append(process("TestAddressReused", "TestAddressReusedByAMaster", "TestAddressReusedWhileAgentsAreAway"), decide("TestAddressOfADeadMaster")...),
	},
	{
		number: 36, name: "Controller undoes a failover", where: "OT-CONTAINER-KIT/redis-operator#1158",
		there: "an operator that was away or slow pointed everybody back to the old or an empty master",
		here:  "agents that were away take over what Sentinel decided: its epoch is the greater one",
		tests: process("TestAgentsAwayDuringFailover", "TestNativePromotionStands"),
	},
	{
		number: 12, name: "Reboot of all nodes", where: "bitnami/charts#8878",
		there: "all pods restarted: all were masters, or crashed for ever",
		here:  "the recorded holder resumes with its data; where its volume is gone the best of the others leads; where all is gone an Event says so",
		tests: process("TestFullRestart", "TestFullRestartWithoutVolumes", "TestFullRestartWithNewVolumes", "TestFullRestartWithTheHoldersVolumeLost"),
	},
	{
		number: 16, name: "Deletion loses writes", where: "bitnami/charts#12598",
		there: "writes in flight were dropped when the master's pod was deleted",
		here:  "writes are paused until the successor has the master's offset; then it claims",
		tests: process("TestMasterPodDeleted"),
	},
	{
		number: 28, name: "Two masters: fix it by hand", where: "spotahome/redis-operator#600",
		there: "with two masters the operator gave up",
		here:  "the greatest epoch names one; the other follows it",
		tests: process("TestTwoMasters", "TestFrozenMaster"),
	},
	{
		number: 51, name: "History by one id only", where: "littlered LR-024",
		there: "a promotion changes the replication id; data was judged foreign by its new id",
		here:  "both ids of a server are held against the record's list of ids",
		tests: decide("TestSecondReplicationIDCounts"),
	},
	{
		number: 42, name: "Disk full", where: "kubeblocks#5095",
		there: "the master could not save and refused writes, and stayed master, because it answers PING",
		here:  "a master that cannot save hands over to a replica that can, and says so in an Event",
		tests: append(process("TestMasterCannotSave"), decide("TestMasterThatCannotSave")...),
	},
	{
		number: 46, name: "Clients stay at the demoted master", where: "haproxy#962",
		there: "connections to the old master stayed open and got READONLY for ever",
		here:  "whoever demotes a master ends its clients' connections",
		tests: process("TestClientsOfADemotedMasterAreSentAway"),
	},
}

// masters are about who leads.
var masters = []incident{
	{
		number: 1, name: "All agree on a replica", where: "DandyDeveloper/charts#412",
		there: "everybody named a master that was a replica; nothing disagreed, so nothing was healed, for 7.5 hours",
		here:  "roles are observed, not names: a holder that is no master claims again or gives the mastership away",
		tests: process("TestEveryoneAgreesOnAReplica"),
	},
	{
		number: 2, name: "No branch for no master", where: "DandyDeveloper/charts#397",
		there: "Sentinels answered nothing, neither branch of the healer held, and it did not even log",
		here:  "every view leads to an action or to a wait with a reason of a closed list, each with its sentence",
		built: true,
		tests: append(casebook.In("internal/bootstrap/model", "TestEveryReasonIsExplainedOnce"), decide("TestMasterSilent")...),
	},
	{
		number: 3, name: "Healer kills the new master", where: "DandyDeveloper/charts#383",
		there: "a pod was promoted while the healer slept; the healer shut it down",
		here:  "each turn observes anew; a Redis that Sentinel promoted is left alone",
		tests: append(process("TestNativePromotionStands"), decide("TestMaster")...),
	},
	{
		number: 5, name: "Pod 0 elects itself", where: "helm/charts#9488",
		there: "pod 0 rebooted, reached nobody and promoted itself",
		here:  "nobody leads without an entry in the record that it made itself",
		tests: append(process("TestPodThatStartsAlone"), decide("TestPromotionNeedsMyOwnClaimForThisProcess")...),
	},
	{
		number: 11, name: "Parallel start", where: "bitnami/charts#17047",
		there: "pods started at once became three masters, and their Sentinels never met",
		here:  "one compare-and-swap makes one master, whoever starts when",
		tests: process("TestFormation"),
	},
	{
		number: 35, name: "All replicas", where: "OT-CONTAINER-KIT/redis-operator#1777",
		there: "everybody was a replica and nobody was ever promoted",
		here:  "a group without a master is a situation like others, also as a cycle",
		tests: append(process("TestCycle"), decide("TestCycle")...),
	},
	{
		number: 41, name: "Chains and rogue masters", where: "kubeblocks-addons#2615",
		there: "replicas of replicas, or a master that no Sentinel knew; the healer fought Sentinel over it",
		here:  "everybody follows the named master itself, and a failover that runs goes first",
		tests: process("TestChain", "TestTwoMasters"),
	},
	{
		number: 53, name: "Slow recovery", where: "helm/charts#2780",
		there: "six minutes between two attempts, 25 until writes went on",
		here:  "failover-timeout is 10 s, and after it the agents do not wait for another election",
		tests: process("TestMasterVanishes", "TestFullRestart"),
	},
	{
		number: 31, name: "Labels lie", where: "spotahome/redis-operator#608",
		there: "the node hung and the Service went on sending writes to its pod",
		here:  "labels follow what is observed, and a silent master loses its own",
		tests: append(process("TestFrozenMaster"), besideSentinel("TestRoleLabels")...),
	},
}

// sentinels are about what Sentinels know.
var sentinels = []incident{
	{
		number: 10, name: "All Sentinels restart", where: "bitnami/charts#24380",
		there: "each Sentinel began by naming its own pod master, for good",
		here:  "they start from the record and name the right master at once",
		tests: process("TestBlankSentinels"),
	},
	{
		number: 44, name: "Ghost Sentinels", where: "helm/charts#10635",
		there: "each restart had a new identity; ghosts made majorities unreachable",
		here:  "an ordinal's identity is always the same, and a ghost that is there all the same is pruned",
		tests: append(process("TestBlankSentinels"), besideSentinel("TestSentinelSituations")...),
	},
	{
		number: 33, name: "RESET opens a blind window", where: "OT-CONTAINER-KIT/redis-operator#1883",
		there: "RESET at every round; a master lost in a window had no known replica, for 23 hours",
		here:  "RESET is not in the program",
		built: true, tests: casebook.In("test/incidents", "TestResetIsNeverUsed"),
	},
	{
		number: 49, name: "RESET keeps failover from starting", where: "littlered LR-001",
		there: "each RESET restarted the count of silence",
		here:  "RESET is not in the program; a group is recreated only where its recorded master answers, and not while it counts as down",
		built: true, tests: append(casebook.In("test/incidents", "TestResetIsNeverUsed"), besideSentinel("TestSentinelSituations")...),
	},
	{
		number: 22, name: "Names stall Sentinel", where: "bitnami/charts#9689",
		there: "looking up a dead pod's name blocked Sentinel for seconds; it stopped judging, and was killed for it",
		here:  "Sentinels get addresses only, and their liveness is an open port",
		built: true, tests: append(casebook.In("internal/redisconf", "TestSentinelConf"), mutate("TestPodCorpus")...),
	},
	{
		number: 24, name: "Announced address 0.0.0.0", where: "OT-CONTAINER-KIT/redis-operator#1726",
		there: "a constant was announced as the Sentinel's address",
		here:  "the pod's own address is announced, from the downward API",
		built: true, tests: casebook.In("internal/redisconf", "TestSentinelConf"),
	},
	{
		number: 54, name: "Replicas behind translation", where: "helm/charts#4825",
		there: "Sentinel listed the masquerade's address and found no good replica",
		here:  "every Redis announces its pod's address",
		built: true, tests: casebook.In("internal/redisconf", "TestRedisConfNeverNamesAMaster"),
	},
	{
		number: 21, name: "Dual stack", where: "CloudPirates-io/helm-charts#223",
		there: "two addresses in one setting ended Redis; two families gave a server two names",
		here:  "one address, of one family for the whole group",
		built: true, tests: casebook.In("internal/bootstrap/observe", "TestOneFamilyForAGroup"),
	},
	{
		number: 15, name: "Empty master", where: "bitnami/charts#8113",
		there: "an empty answer became `MASTER :0`",
		here:  "an answer without an address is no answer",
		built: true, tests: casebook.In("internal/bootstrap/redisio", "TestAnswerWithoutAnAddressNamesNobody"),
	},
	{
		number: 52, name: "Hot loop", where: "howl-cloud/redis-operator 0.2.6",
		there: "a controller's own status write woke it, eight times a second",
		here:  "a group at rest sends the API nothing",
		tests: process("TestIdleGroupAsksNothing"),
	},
	{
		number: 23, name: "Refused is not absent", where: "bitnami/charts#18195",
		there: "a mesh was not ready, names did not resolve, and three pods took themselves for the first",
		here:  "silence enables nothing; a mesh's sidecar starts before the agent",
		tests: append(process("TestPodThatStartsAlone"), mutate("TestAMeshThatComesLaterIsPutBeforeTheAgent")...),
	},
}

// handing are about giving the mastership away.
var handing = []incident{
	{
		number: 6, name: "A new pod forces a failover", where: "DandyDeveloper/charts#33",
		there: "a starting pod found a dead master named and ordered a failover",
		here:  "a starting pod moves nobody; the election takes its course",
		tests: process("TestPodRecreatedBeforeTheFailover"),
	},
	{
		number: 9, name: "Hook without Sentinel", where: "DandyDeveloper/charts#207",
		there: "the Sentinel beside the master had ended before the hook asked it",
		here:  "the hook needs no Sentinel: holder and successor agree through the record",
		tests: process("TestHandoverWithoutSentinels"),
	},
	{
		number: 17, name: "The hook does not know that it is master", where: "bitnami/charts#36305",
		there: "an empty variable in a comparison of names, and no handover",
		here:  "the agent observes its own Redis",
		tests: process("TestMasterPodDeleted"),
	},
	{
		number: 18, name: "The hook never worked", where: "CloudPirates-io/helm-charts#781",
		there: "name compared with address, no shell in the image, too little time",
		here:  "the hook is the agent's own code, asked over HTTP, and a test deletes the master",
		tests: append(process("TestMasterPodDeleted"), casebook.In("internal/bootstrap/redisagent", "TestHookWaitsForTheTurnThatHasNothingLeftToGive")...),
	},
	{
		number: 30, name: "Rolling update takes two", where: "spotahome/redis-operator#269",
		there: "two replicas were away at once and nobody could be elected for two minutes",
		here:  "a pod is ready when it is in sync, and the controller waits for that",
		tests: process("TestRollingRestart"),
	},
	{
		number: 25, name: "Ready while it syncs", where: "bitnami/charts#36445",
		there: "a rolling restart went on before the new pod had its data",
		here:  "ready means that the link was up",
		tests: append(decide("TestFollowing"), process("TestRollingRestart")...),
	},
}

// starting are about starting.
var starting = []incident{
	{
		number: 14, name: "Start needs a master, the master needs the start", where: "bitnami/charts#7124",
		there: "ordered pods: the first waited for a master that could not be created before it",
		here:  "a fenced pod is ready as long as one that must speak first does not exist",
		tests: process("TestOrderedRestart"),
	},
	{
		number: 7, name: "LOADING taken for dead", where: "bitnami/charts#6685",
		there: "a master that was loading did not answer PONG and was failed over, or killed",
		here:  "loading is alive; the holder waits, or offers the mastership to a replica that has the data",
		tests: append(decide("TestRestartedInItsPod"), casebook.In("internal/bootstrap/redisio", "TestParseInfoOfAReplica")...),
	},
	{
		number: 8, name: "Probe kills a syncing replica", where: "DandyDeveloper/charts#399",
		there: "the startup probe wanted a link; large data never made it in time",
		here:  "startup and liveness ask for an open port only",
		built: true, tests: mutate("TestPodCorpus"),
	},
	{
		number: 19, name: "NOAUTH after a failover", where: "CloudPirates-io/helm-charts#750",
		there: "only replicas had the master's password, so the old master could not come back",
		here:  "configuration does not depend on the role: every pod of a group has the same",
		built: true, tests: append(mutate("TestPodCorpus"), casebook.In("internal/redisconf", "TestRedisConfNeverNamesAMaster")...),
	},
	{
		number: 38, name: "Read-only root", where: "OT-CONTAINER-KIT/redis-operator#1867",
		there: "Sentinel could not write its file and ended",
		here:  "files lie in an emptyDir that only those who must can write",
		built: true, tests: append(mutate("TestInjectedContainersPassPodSecurityRestricted"), casebook.In("internal/bootstrap/sentinelagent", "TestSentinelMayReplaceItsFile")...),
	},
	{
		number: 40, name: "Rewritten configuration", where: "kubeblocks-addons#2686",
		there: "CONFIG REWRITE kept what broke the next start",
		here:  "Redis cannot write its file, and starts from the agent's",
		tests: process("TestRewrittenConfigurationIsNotKept"),
	},
}
