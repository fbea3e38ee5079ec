// SPDX-License-Identifier: Apache-2.0

// Package provision gives a group what it needs in its namespace: the record (a Lease without a holder, with the settings
// that Sentinels apply), the service account, the rights of the account and of the Sentinel set's account, and the two
// Services. A user's own Sentinel set gets an account, its rights and a Secret that its Sentinels share. Secrets are made and
// removed, and never read.
//
// Two callers share one description of these objects:
//   - Ensure creates what is absent while the first pod of a group is being admitted, on any replica, because the pod is
//     refused by the API server as long as its account does not exist;
//   - the Reconciler, on the leader, brings every object back to its description, follows changes of policy and of Sentinel
//     sets, and removes the objects of a group of which nothing is left.
//
// Nothing here belongs to the StatefulSet (no ownerReferences): a record must outlive a StatefulSet that is deleted and
// recreated. An object without our labels is never touched.
package provision
