// SPDX-License-Identifier: Apache-2.0

package model

//go:generate go run ./reasonspage ../../../docs/reasons.md

// Reason says why a decision was taken. It is the same word in the log, the metric, the Event and the tests.
type Reason string

// The closed list of reasons. explanation.go says what each means.
const (
	NotRunning           Reason = "NotRunning"
	LoadingData          Reason = "LoadingData"
	ScriptRunning        Reason = "ScriptRunning"
	NeverAnswered        Reason = "NeverAnswered"
	AgentDenied          Reason = "AgentDenied"
	TooManyClients       Reason = "TooManyClients"
	ServerTooOld         Reason = "ServerTooOld"
	OtherConfiguration   Reason = "OtherConfiguration"
	RecordUnknown        Reason = "RecordUnknown"
	Replaced             Reason = "Replaced"
	SetDeleted           Reason = "SetDeleted"
	Leaving              Reason = "Leaving"
	Incumbent            Reason = "Incumbent"
	HandingOver          Reason = "HandingOver"
	HandingToFirst       Reason = "HandingToFirst"
	HandoverRequested    Reason = "HandoverRequested"
	RequestWaits         Reason = "RequestWaits"
	NoSuccessor          Reason = "NoSuccessor"
	CannotSave           Reason = "CannotSave"
	Unconfirmed          Reason = "Unconfirmed"
	Superseded           Reason = "Superseded"
	PromotedBySentinel   Reason = "PromotedBySentinel"
	RecordWentBack       Reason = "RecordWentBack"
	UnnamedMaster        Reason = "UnnamedMaster"
	PromotedEmpty        Reason = "PromotedEmpty"
	HolderFollows        Reason = "HolderFollows"
	NeverNamed           Reason = "NeverNamed"
	OwnClaim             Reason = "OwnClaim"
	TransferAccepted     Reason = "TransferAccepted"
	Following            Reason = "Following"
	Joining              Reason = "Joining"
	Synced               Reason = "Synced"
	ForeignData          Reason = "ForeignData"
	FailoverRunning      Reason = "FailoverRunning"
	MasterSilent         Reason = "MasterSilent"
	MasterReturning      Reason = "MasterReturning"
	MasterGone           Reason = "MasterGone"
	MasterAddressGone    Reason = "MasterAddressGone"
	AnotherLeads         Reason = "AnotherLeads"
	CandidatesSilent     Reason = "CandidatesSilent"
	AllEmpty             Reason = "AllEmpty"
	BestData             Reason = "BestData"
	UnrelatedData        Reason = "UnrelatedData"
	DataGone             Reason = "DataGone"
	Chosen               Reason = "Chosen"
	OnlyForeignData      Reason = "OnlyForeignData"
	TransferAfterCrash   Reason = "TransferAfterCrash"
	TransferAfterRestart Reason = "TransferAfterRestart"
	RestartedWaiting     Reason = "RestartedWaiting"
	RestartedInPlace     Reason = "RestartedInPlace"
	Resumed              Reason = "Resumed"
	Adopting             Reason = "Adopting"
	AdoptingForeign      Reason = "AdoptingForeign"
	AdoptionGoesOn       Reason = "AdoptionGoesOn"
	SeveralPlainMasters  Reason = "SeveralPlainMasters"
	PlainMasterGone      Reason = "PlainMasterGone"
	PlainPodsSilent      Reason = "PlainPodsSilent"
	APIAway              Reason = "APIAway"
	TokenRefused         Reason = "TokenRefused"

	SentinelSilent         Reason = "SentinelSilent"
	CutOff                 Reason = "CutOff"
	NotFormed              Reason = "NotFormed"
	GroupGone              Reason = "GroupGone"
	GroupAbsent            Reason = "GroupAbsent"
	ServedElsewhere        Reason = "ServedElsewhere"
	NameTaken              Reason = "NameTaken"
	EpochUnbelievable      Reason = "EpochUnbelievable"
	HolderUnverified       Reason = "HolderUnverified"
	AddressTaken           Reason = "AddressTaken"
	NewGroup               Reason = "NewGroup"
	NativeSwitch           Reason = "NativeSwitch"
	SwitchUnverified       Reason = "SwitchUnverified"
	FailoverStuck          Reason = "FailoverStuck"
	SwitchToUnknownAddress Reason = "SwitchToUnknownAddress"
	EqualEpochs            Reason = "EqualEpochs"
	SentinelBehind         Reason = "SentinelBehind"
	AloneBehind            Reason = "AloneBehind"
	StaleEntries           Reason = "StaleEntries"
	NoElectableReplica     Reason = "NoElectableReplica"
	SettingsDiffer         Reason = "SettingsDiffer"
	Agreed                 Reason = "Agreed"
)

// Reasons lists all reasons: those of Redis pods, then those of Sentinel pods.
func Reasons() []Reason { return append(RedisReasons(), SentinelReasons()...) }

// RedisReasons lists the reasons of agents of Redis pods.
func RedisReasons() []Reason { return reasonsOf(redisReasons) }

// SentinelReasons lists the reasons that only agents of Sentinel pods give; they give some of the others too.
func SentinelReasons() []Reason { return reasonsOf(sentinelReasons) }

func reasonsOf(table []explanation) []Reason {
	all := make([]Reason, len(table))
	for i, e := range table {
		all[i] = e.reason
	}
	return all
}

// Sentence explains the reason to a person.
func (r Reason) Sentence() string { return explained[r].sentence }

// Advice says what a person should do; empty when nothing is to be done.
func (r Reason) Advice() string { return explained[r].advice }

// Events says when the reason becomes an Event.
func (r Reason) Events() EventPolicy { return explained[r].events }
