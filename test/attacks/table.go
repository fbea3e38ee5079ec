// SPDX-License-Identifier: Apache-2.0

package main

const (
	edit      = "the built-in role edit in a namespace of his own"
	anyPod    = "a pod anywhere in the cluster, no rights"
	anyClient = "a Redis of his own, which the same Sentinels watch"
)

// table has every attack, in the order of the findings.
var table = []attack{
	{
		finding: "A1", name: "A record of mine has the name of your group", rights: edit,
		then:    "one Lease made all three Sentinels forget another tenant's group: of 492 questions of clients in ten seconds 19 were answered by a master",
		now:     "the name of a group comes from its namespace and its StatefulSet; what a record asks for counts only where a set serves one namespace. And nobody but the webhook makes records, and nobody but the group and its Sentinels says in one who leads",
		checked: "guard taken out: names read from records. Of 1134 questions 498 were answered by the master and 216 by the attacker's server. On the cluster with the bindings of the policies taken away: ten writes of ten succeed",
		tests:   append(process("TestAttackNameOfAnotherGroup"), cluster("TestAttackRecordByATenant")...),
	},
	{
		finding: "A1", name: "An epoch a day ahead", rights: edit,
		then:    "such a record with an epoch of tomorrow, written again four times a second, sent 1012 of 1020 questions for the victim's master to the attacker's Redis; what its own agents wrote against it was beyond their own belief",
		now:     "epochs of others are believed minutes ahead, and the rightful master may always write one above what was believed",
		checked: "guards taken out: names read from records, epochs believed a day ahead. Of 1176 questions 221 were answered",
		tests:   process("TestAttackEpochADayAhead"),
	},
	{
		finding: "A2", name: "A forged review has rights made", rights: anyPod,
		then:    "a review that no API server sent was provisioned: an account without rights got a RoleBinding, with which it could list pods, read claims and create Events",
		now:     "nothing is made before the StatefulSet was read from the API server, and is the one of the review: its uid, its label, its account",
		checked: "guard taken out: the StatefulSet is not read. Reviews of made-up pods were provisioned",
		tests:   apiserver("TestAttackForgedReview"),
	},
	{
		finding: "A2", name: "A dry run gives the token of a hook", rights: anyPod,
		then:    "the answer to a dry run of somebody else's pod had the token of its preStop hook in it",
		now:     "a dry run is answered without a token",
		checked: "guard taken out: a dry run is answered like any other. The token was in the answer",
		tests:   apiserver("TestAttackDryRunToken"),
	},
	{
		finding: "A2", name: "A review of an excluded namespace", rights: anyPod,
		then:    "excluded namespaces stood in selectors only, which a forged review does not pass through: one of kube-system was injected and provisioned",
		now:     "they stand in the code as well: neither a review nor a labelled StatefulSet there has anything made",
		checked: "guard taken out: excluded namespaces in selectors only. Nine objects were made there",
		tests:   apiserver("TestAttackExcludedNamespace"),
	},
	{
		finding: "A2", name: "Calling the hook with its token", rights: "the role view in the namespace of the group, which shows the token in the pod's specification",
		then:    "calls moved the mastership, as often as somebody cared to call",
		now:     "a pod that neither ends nor has ended since gives its mastership away once in ten minutes, to a pod of its group and without loss; a guessed token moves nothing",
		checked: "guard taken out: no time between two departures. The hook was never refused",
		tests:   process("TestAttackStolenHookToken"),
	},
	{
		finding: "A3", name: "A hello on my own Redis", rights: anyClient,
		then:    "one PUBLISH sent 564 of 567 questions for another tenant's master to the attacker's server",
		now:     "no user but Sentinel's may publish on that channel, also not from a script (Redis and Valkey from 7.0)",
		checked: "guard taken out: the users of a Redis keep the right to publish there. Both ways to publish were let through, and answers named the attacker's server",
		tests:   process("TestAttackHelloOnMyOwnRedis"),
	},
	{
		finding: "A3", name: "A current epoch at the end of numbers", rights: anyClient + ", which is none that can keep the channel: older than 7.0, or an image of his own",
		then:    "two hellos with the greatest number there is, and all three Sentinels had saved it: no failover ever again, not even after the group was forgotten and known again",
		now:     "a Sentinel whose epoch is beyond belief is rebuilt from the records at once, all of a set; clients are told no other master meanwhile, and the next failover works",
		checked: "guard taken out: no Sentinel is rebuilt. Nothing undid the epoch",
		tests:   process("TestAttackEpochOfTheEndOfNumbers"),
	},
	{
		finding: "A4", name: "Records that no Sentinel can start from", rights: edit,
		then:    "one Lease with port 99999, or two with one name, and no Sentinel that started after it came up: its configuration file was refused",
		now:     "what is not valid, or there twice, is left out and named; only pods that live are written into the file; a file that Sentinel refuses is replaced",
		checked: "guard taken out: the file is written as records say. New Sentinels ended with \"Duplicate hostname and port for replica\"",
		tests:   process("TestAttackHostileRecords"),
	},
	{
		finding: "A5", name: "My account as that of a Sentinel set", rights: edit + ", where his group names a StatefulSet of his as its Sentinels",
		then:    "the account of that StatefulSet got the rights of a Sentinel, and with them wrote another podIP into pods: a Service led to the victim's Redis until the kubelet put it right",
		now:     "accounts are bound only where policy lists the set or the webhook has injected it; and whoever has the rights can write two labels' worth of a pod and no address",
		checked: "guard taken out: the bindings of the policies. An account that had the rights of a Sentinel wrote an address; that none is given them was not taken out",
		tests:   cluster("TestAttackAccountOfMyOwn"),
	},
	{
		finding: "A6", name: "The webhook's token", rights: "the token of the webhook's account",
		then:    "a StatefulSet was made privileged, with the node's root directory mounted; any RoleBinding could be deleted and any Service, account or Lease changed, also in kube-system",
		now:     "policies hold the account to objects with its label and names, to one annotation of StatefulSets and to no excluded namespace; a Role that it writes holds no more than a group needs, so that no second account gets what it may not do itself; no Secret outside the release's namespace can be read with it",
		checked: "guard taken out: the bindings of the policies. Twelve requests succeeded, among them the privileged StatefulSet, kube-system and a Secret read by a patch. With the bindings of the two policies on what is granted alone taken away, six succeeded: Roles with rights on StatefulSets and Secrets, bound to an account of another namespace",
		tests:   cluster("TestAttackStolenWebhookToken"),
	},
	{
		finding: "A7", name: "Connections that ask for nothing", rights: anyPod,
		then:    "2684 idle connections in 2.8 seconds ended an agent for want of memory; kept up, the pod's Service had no endpoint for a minute",
		now:     "connections are counted and the idlest make room: every probe is answered and the agent's memory stays",
		checked: "guard taken out: as many connections as come. Agents took 59 MiB of 64, 28 of them for the connections",
		tests:   process("TestAttackIdleConnections"),
	},
	{
		finding: "A7", name: "Pokes without a pause", rights: anyPod,
		then:    "telling agents that something had happened raised a Redis from 13 to 536 commands a second",
		now:     "one poke a second and source wakes an agent, and of all sources a few",
		checked: "guard taken out: each poke wakes the agent. From 15 to 167 commands a second",
		tests:   process("TestAttackPokes"),
	},
	{
		finding: "A7", name: "Who else is here", rights: anyPod,
		then:    "the agent of a Sentinel listed the groups of all tenants with their masters",
		now:     "it names them in its own pod only; others read sums",
		checked: "guard taken out: everybody counts as in the pod. Groups and masters were named",
		tests:   process("TestAttackNamesOfTenants"),
	},
	{
		finding: "A8", name: "Fat records", rights: edit,
		then:    "forty Leases of 250 kB cost each Sentinel's agent 16 MiB",
		now:     "what is not read of an object is dropped when it arrives, and what is read has a limit",
		checked: "guard taken out: Leases are kept whole. 8 MiB for each agent, of which the test allows 4",
		tests:   process("TestAttackFatRecords"),
	},
	{
		finding: "A8", name: "Huge reviews", rights: anyPod,
		then:    "one review of 6.7 MB cost the webhook 419 MiB of allocations and 2.2 seconds of CPU, with a limit of 192 MiB",
		now:     "a review is measured before it is decoded, and those that are decoded share what memory there is; the API server's are answered meanwhile",
		checked: "guards taken out: bodies and values without a limit. The webhook took 2271 MiB",
		tests:   apiserver("TestAttackHugeReview"),
	},
}
