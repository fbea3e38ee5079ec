// SPDX-License-Identifier: Apache-2.0

package contract

import "strings"

// Opting in. The label stands on a Namespace, a StatefulSet or a pod template.
const (
	// LabelOptIn is the one label that users write.
	LabelOptIn = "redis-sentinel"
	// OptInEnabled asks for injection.
	OptInEnabled = "enabled"
	// OptInDisabled leaves an object alone, also in an opted-in namespace.
	OptInDisabled = "disabled"
)

// Prefix begins every other label and annotation of this project. An unknown key below it is refused at admission,
// because a typo in a safety setting must not be silence.
const Prefix = "redis-sentinel.dev/"

// Labels that we write.
const (
	// LabelGroup names the StatefulSet whose pods are one replication group (or one Sentinel set).
	LabelGroup = Prefix + "group"
	// LabelRole is master or replica; sentinel agents write it, and Services select by it.
	LabelRole = Prefix + "role"
	// LabelPodUID is a pod's own uid; sentinel agents write it beside LabelRole. The -master Service selects one pod by it, so that it goes
	// from one master to the next in one write.
	LabelPodUID = Prefix + "pod-uid"
	// LabelSentinelSet marks the pods of a Sentinel set with the name of its StatefulSet.
	LabelSentinelSet = Prefix + "sentinel-set"
	// LabelManaged marks what the webhook provisions; an object without it is never adopted.
	LabelManaged = Prefix + "managed"
)

// Managed is the value of LabelManaged.
const Managed = "true"

// Values of LabelRole.
const (
	RoleMaster  = "master"
	RoleReplica = "replica"
)

// Annotations that we write.
const (
	// AnnotationRoleEpoch is the epoch under which LabelRole was written, or the selector of the -master Service; both only go upward.
	AnnotationRoleEpoch = Prefix + "role-epoch"
	// AnnotationStatus records what was injected: version, settings hash, list of additions, original probes.
	AnnotationStatus = Prefix + "status"
	// AnnotationStamped marks a pod template label that the StatefulSet webhook wrote, so that only that one is removed.
	AnnotationStamped = Prefix + "stamped"
	// AnnotationTouched is written on a StatefulSet to end its controller's back-off after a webhook outage.
	AnnotationTouched = Prefix + "touched"
)

// Annotations that users write, on the pod template or on the StatefulSet. The StatefulSet webhook copies into the template what pods
// are made of; the others (mutate.LiveAnnotations) take effect without a new pod.
const (
	AnnotationRole              = Prefix + "role"
	AnnotationSentinels         = Prefix + "sentinels"
	AnnotationMasterName        = Prefix + "master-name"
	AnnotationContainer         = Prefix + "container"
	AnnotationQuorum            = Prefix + "quorum"
	AnnotationDownAfter         = Prefix + "down-after"
	AnnotationFailoverTimeout   = Prefix + "failover-timeout"
	AnnotationParallelSyncs     = Prefix + "parallel-syncs"
	AnnotationMinReplicas       = Prefix + "min-replicas-to-write"
	AnnotationMinReplicasMaxLag = Prefix + "min-replicas-max-lag"
	AnnotationConfig            = Prefix + "config"
	AnnotationPerPodDirectory   = Prefix + "per-pod-directory"
	AnnotationInitialMaster     = Prefix + "initial-master"
	AnnotationReplaceData       = Prefix + "replace-data"
	// AnnotationAuthSecret names the Secret that has the clients' password.
	AnnotationAuthSecret = Prefix + "auth-secret"
	// AnnotationHandover on a StatefulSet asks for a handover: to the pod that it names, or to any with HandoverAny. It is taken off when
	// that is done.
	AnnotationHandover = Prefix + "handover"
	// HandoverAny asks for any other master than the present one.
	HandoverAny = "any"
	// AnnotationHandoverFrom says which pod led when HandoverAny was asked for, so that the next one does not hand over too. The webhook
	// writes it.
	AnnotationHandoverFrom = Prefix + "handover-from"
	// AnnotationHandoverRefused says in words why what was asked for last did not happen. The webhook writes it.
	AnnotationHandoverRefused = Prefix + "handover-refused"
	// AnnotationRelease stands on a StatefulSet whose label may be removed while it has more than one replica.
	AnnotationRelease = Prefix + "release"
	// ReleaseConfirmed is the only value of AnnotationRelease.
	ReleaseConfirmed = "confirmed"
	// AnnotationMasterService and AnnotationReplicasService rename the two Services where the names are taken.
	AnnotationMasterService   = Prefix + "master-service"
	AnnotationReplicasService = Prefix + "replicas-service"
)

// Values of AnnotationRole and of Settings.Role.
const (
	PodRoleRedis    = "redis"
	PodRoleSentinel = "sentinel"
)

// The record: annotations on the Lease of a group.
const (
	RecordEpoch   = Prefix + "epoch"
	RecordAddress = Prefix + "address"
	RecordPodUID  = Prefix + "pod-uid"
	RecordLineage = Prefix + "lineage"
	RecordMembers = Prefix + "members"
	RecordOffer   = Prefix + "offer"
	// RecordSealedOffer is an offer that needs a word. Agents that knew no words would accept it without one below RecordOffer.
	RecordSealedOffer = Prefix + "sealed-offer"
	RecordReason      = Prefix + "reason"
	// RecordChange says who led before the holder, and why the holder leads, in the words of RecordReason.
	RecordChange = Prefix + "change"
	// RecordKeys says which generations of the group's keys each pod accepts and presents; it is there once there are several.
	RecordKeys     = Prefix + "keys"
	RecordSettings = Prefix + "settings"
	// RecordCondition says what is missing for the group, in a reason and a sentence; the webhook writes it, and takes it
	// away when nothing is missing any more.
	RecordCondition = Prefix + "condition"
	// RecordWriters lists the accounts that may write the record beside the webhook, as user names with commas between them:
	// that of the group and that of its Sentinel set. The webhook writes it; a ValidatingAdmissionPolicy reads it.
	RecordWriters = Prefix + "writers"
)

// The right to say who is master by a pod's role label. No such resource is served: it is asked of the authorizer alone, by
// the ValidatingAdmissionPolicies, so that the right to write a label is no matter of the name of an account.
const (
	RoleLabelsGroup    = "redis-sentinel.dev"
	RoleLabelsResource = "rolelabels"
	RoleLabelsVerb     = "write"
)

// What is added to a pod.
const (
	// AgentContainer is the native sidecar.
	AgentContainer = "redis-sentinel-bootstrap"
	// RedisContainer is the container that holds Redis when no annotation names one and the pod has several.
	RedisContainer = "redis"
	// SentinelContainer is the same for Sentinel pods.
	SentinelContainer = "sentinel"
	// DirectoryContainer is an init container that makes a pod's own directory in a volume claim that all pods share. Where
	// Redis mounts several subPaths of it, more of them follow, with a dash and a number behind the name.
	DirectoryContainer = "redis-sentinel-directory"
	// ConfigVolume is an emptyDir directory with the generated redis.conf or sentinel.conf.
	ConfigVolume = "redis-sentinel-config"
	// TokenVolume is the projected service account token that only the agent mounts.
	TokenVolume = "redis-sentinel-token"
	// PrivateVolume is a tmpfs that only the agent mounts: its own password for the server beside it outlives a restart of the
	// agent's process, never the pod.
	PrivateVolume = "redis-sentinel-private"
	// KeysVolume (Redis pods) has the passwords of the group's own users; only the agent mounts it. A pod without it has an
	// agent of a version that knew none.
	KeysVolume = "redis-sentinel-keys"
	// PeerVolume (sentinel pods) is the Secret that the Sentinels of a set share, which only the agent mounts.
	PeerVolume = "redis-sentinel-peer"
	// UserConfigVolume mounts the ConfigMap of AnnotationConfig.
	UserConfigVolume = "redis-sentinel-user-config"

	// ConfigDir is where ConfigVolume is mounted: read-only in the Redis container, writable in the Sentinel container.
	ConfigDir     = "/redis-sentinel"
	RedisConfFile = ConfigDir + "/redis.conf"
	// ACLFile has the users where the user brought a file of his own.
	ACLFile = ConfigDir + "/users.acl"
	// SentinelConfDirectory is made by the agent below ConfigDir. Sentinel replaces its file by renaming another over it,
	// which the sticky bit of an emptyDir in memory forbids to anybody but the file's owner.
	SentinelConfDirectory = "sentinel"
	SentinelConfFile      = ConfigDir + "/" + SentinelConfDirectory + "/sentinel.conf"
	// PrivateDir is where PrivateVolume is mounted.
	PrivateDir = "/redis-sentinel-private"
	// KeysDir is where KeysVolume is mounted.
	KeysDir = "/redis-sentinel-keys"
	// AuthVolume mounts the Secret of AnnotationAuthSecret, in the agent alone.
	AuthVolume = "redis-sentinel-auth"
	// AuthDir is where AuthVolume is mounted, and AuthKey the key of the Secret that has the clients' password.
	// AuthPreviousKey may have the one before it beside it, which is accepted for as long as it stands there.
	AuthDir         = "/redis-sentinel-auth"
	AuthKey         = "password"
	AuthPreviousKey = "previous"
	// PeerDir is where PeerVolume is mounted.
	PeerDir = "/redis-sentinel-peer"
	// UserConfigDir is where UserConfigVolume is mounted, in the Redis container and in the agent.
	UserConfigDir = "/redis-sentinel-user"
	// UserConfigKey is the key of that ConfigMap.
	UserConfigKey = "redis.conf"
	// TokenDir is the standard path, so that the agent's client needs no configuration.
	TokenDir = "/var/run/secrets/kubernetes.io/serviceaccount"

	// SharedVolumeDir is where DirectoryContainer mounts the whole shared volume.
	SharedVolumeDir = "/redis-sentinel-volume"

	// CommandMakeDirectory is the agent binary's subcommand for DirectoryContainer: --path PATH --mode OCTAL. It
	// makes the directory where it is missing, and sets the mode of its last part whatever the umask.
	CommandMakeDirectory = "make-directory"
	// CommandAwaitStarted is the subcommand by which the agent's own postStart hook waits for the configuration.
	CommandAwaitStarted = "await-started"
	// AgentBinary and WebhookBinary are the paths in our image.
	AgentBinary   = "/bootstrap"
	WebhookBinary = "/webhook"
)

// Environment of the agent.
const (
	EnvNamespace = "REDIS_SENTINEL_NAMESPACE" // metadata.namespace
	EnvPodName   = "REDIS_SENTINEL_POD_NAME"  // metadata.name
	EnvPodUID    = "REDIS_SENTINEL_POD_UID"   // metadata.uid
	EnvPodIPs    = "REDIS_SENTINEL_POD_IPS"   // status.podIPs
	EnvNodeName  = "REDIS_SENTINEL_NODE_NAME" // spec.nodeName
	EnvSettings  = "REDIS_SENTINEL_SETTINGS"  // Settings as JSON
	EnvHookToken = "REDIS_SENTINEL_HOOK"      // HMAC that the preStop hook must carry
	// EnvPerPodDirectory is the pod's name, added to the Redis container for its subPathExpr.
	EnvPerPodDirectory = "REDIS_SENTINEL_DIRECTORY"
)

// Ports and endpoints of the agent.
const (
	// RedisPort and SentinelPort are the defaults of the two servers.
	RedisPort    = 6379
	SentinelPort = 26379
	// AgentPort serves the probes, the hook and the metrics of the agent, over HTTP.
	AgentPort = 8379
	// PathStarted is the agent's own startup probe: the generated configuration exists.
	PathStarted = "/started"
	// PathReady is the readiness probe of the Redis or Sentinel container.
	PathReady = "/ready"
	// PathPreStop is the Redis container's preStop hook; it wants HookHeader.
	PathPreStop = "/prestop"
	// PathNotify is a wake-up without content: the agent looks again at once.
	PathNotify = "/notify"
	// PathOffer is where a holder asks whether the offer of a seal would be accepted, and gives the word for it in WordHeader.
	PathOffer = "/offer"
	// PathMetrics serves Prometheus metrics.
	PathMetrics = "/metrics"
	// PathStatus says in a sentence and JSON what the agent decided last and why.
	PathStatus = "/status"
	// WordHeader carries the word for an offer.
	WordHeader = "X-Redis-Sentinel-Word"
	// HeldHeader says beside it for how long writes have been held back, as a duration.
	HeldHeader = "X-Redis-Sentinel-Held"
	// SealParameter names the seal of an offer in a question about it.
	SealParameter = "seal"
	// HookHeader carries hex(HMAC-SHA256(key, namespace + "/" + pod name)).
	HookHeader = "X-Redis-Sentinel-Hook"
)

// Objects in a namespace of a group.
const (
	// ObjectPrefix begins the names of a group's Lease, ServiceAccount, Roles and RoleBindings.
	ObjectPrefix = "redis-sentinel-"
	// MasterServiceSuffix and ReplicasServiceSuffix follow the StatefulSet's name.
	MasterServiceSuffix   = "-master"
	ReplicasServiceSuffix = "-replicas"
	// PeerSecretSuffix follows ObjectPrefix and the name of a Sentinel set: the Secret that its Sentinels share.
	PeerSecretSuffix = "-peer"
	// PeerSecretPassword and PeerSecretIdentity are the keys of that Secret. The webhook fills both in where it makes the
	// object. A chart leaves it empty, so that it has to render no random value, and the set's agents fill it in by
	// compare-and-swap.
	PeerSecretPassword = "password"
	PeerSecretIdentity = "identity"
	// PeerSecretKey and the fingerprint of the release's key name the key from which the set's agents derive what their
	// Sentinels present to the servers of groups; the webhook writes it.
	PeerSecretKey = "key."
)

// Keys of a group's Secret: each is followed by the id of a generation.
const (
	// KeyReplication and KeyObserver are passwords.
	KeyReplication = "replication."
	KeyObserver    = "observer."
	// KeyMonitor is the hash of what the Sentinels of the group's set present.
	KeyMonitor = "monitor."
)

// Users of this project on the Redis servers of a group, beside ReplicationUser.
const (
	// AgentUser is the agent of the same pod.
	AgentUser = "redis-sentinel-agent"
	// ObserverUser is any agent of the group.
	ObserverUser = "redis-sentinel-observer"
	// MonitorUser is any Sentinel of the set.
	MonitorUser = "redis-sentinel-monitor"
)

// Admission. The names of webhook entries are frozen: a field manager owns them, and renaming one breaks upgrades.
const (
	PathMutatePods         = "/mutate/pods"
	PathMutateStatefulSets = "/mutate/statefulsets"
	// PathScale is asked whether a StatefulSet may have several pods.
	PathScale            = "/review/scale"
	WebhookPods          = "pods.redis-sentinel.dev"
	WebhookNamespacePods = "namespace-pods.redis-sentinel.dev"
	WebhookStatefulSets  = "statefulsets.redis-sentinel.dev"
	WebhookNamespaceSets = "namespace-statefulsets.redis-sentinel.dev"
	WebhookScale         = "scale.redis-sentinel.dev"
	// FieldManager owns caBundle.
	FieldManager = "redis-sentinel-webhook"
)

// WebhookEntries are the names of all webhook entries.
func WebhookEntries() []string {
	return []string{WebhookPods, WebhookNamespacePods, WebhookStatefulSets, WebhookNamespaceSets, WebhookScale}
}

// ObjectName is the name of a group's Lease, ServiceAccount, Secret, Role and RoleBinding.
func ObjectName(statefulSet string) string { return ObjectPrefix + statefulSet }

// Provisioned reports whether labels are those of an object that the webhook made for a StatefulSet.
func Provisioned(labels map[string]string, statefulSet string) bool {
	return labels[LabelManaged] == Managed && labels[LabelGroup] == statefulSet
}

// SelectorOf is what the -master Service of a group selects by. Without the uid of a pod it follows role labels.
func SelectorOf(statefulSet, podUID string) map[string]string {
	if podUID == "" {
		return map[string]string{LabelGroup: statefulSet, LabelRole: RoleMaster}
	}
	return map[string]string{LabelGroup: statefulSet, LabelPodUID: podUID}
}

// PeerSecretName is the name of the Secret that the Sentinels of a set share.
func PeerSecretName(statefulSet string) string { return ObjectPrefix + statefulSet + PeerSecretSuffix }

// MasterName is Sentinel's handle of a group: unique in the cluster, because one Sentinel set watches many groups and a
// Sentinel tells groups apart by this name alone.
func MasterName(namespace, statefulSet string) string { return namespace + "." + statefulSet }

// GroupName is what the Sentinels of a set call a group. It is computed, so that no record can take the name of another group.
// Only a set that serves this one namespace, and so has no other tenant, uses the name that the record asks for, if it asks for a
// valid one.
func GroupName(namespace, statefulSet, asked string, alone bool) string {
	if alone && ValidMasterName(asked) {
		return asked
	}
	return MasterName(namespace, statefulSet)
}

// ValidMasterName reports whether a name may be written into sentinel.conf and sent in SENTINEL commands.
func ValidMasterName(name string) bool {
	ok := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-", r)
	}
	return name != "" && len(name) <= 253 && !strings.ContainsFunc(name, func(r rune) bool { return !ok(r) })
}

// ReplicationUser is the Redis user as which the replicas of a group present themselves to their master.
func ReplicationUser(namespace, statefulSet string) string {
	return "redis-sentinel:" + MasterName(namespace, statefulSet)
}
