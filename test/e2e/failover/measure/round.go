// SPDX-License-Identifier: Apache-2.0

package measure

import "time"

// Names of the arms: what is measured beside each other.
const (
	Ours        = "ours"        // a labelled StatefulSet
	Plain       = "plain"       // Sentinel as it is usually deployed, without us
	Coordinated = "coordinated" // the same with Valkey's coordinated failover before a pod ends
)

// Names of a writer's path and of its client's settings.
const (
	BySentinel = "sentinel" // finds the master through Sentinel
	ByService  = "service"  // connects to the Service of the master

	AsApplication = "application" // the client library's defaults
	OnTheWire     = "wire"        // no retries, short timeouts: what the servers do, not what a client hides
)

// Run is one start of the benchmark, on one machine.
type Run struct {
	ID         string    `json:"run"`
	Began      time.Time `json:"began"`
	Machine    string    `json:"machine"`
	Kubernetes string    `json:"kubernetes"`
	Commit     string    `json:"commit"`
	// Rate is writes per second of each writer.
	Rate int `json:"rate"`
	// OwnSentinels tells that our arm had Sentinels of its own instead of the chart's.
	OwnSentinels bool `json:"ownSentinels,omitempty"`
	// MinReplicas tells that masters of plain sets refused writes without a replica.
	MinReplicas bool `json:"minReplicas,omitempty"`
}

// Round is one fault, done once to one arm.
type Round struct {
	Run   string `json:"of"`
	Fault string `json:"fault"`
	Arm   string `json:"arm"`
	// Server is name and version as the server says them; Image is what it was asked for by.
	Server string `json:"server"`
	Image  string `json:"image"`
	Number int    `json:"round"`
	// Beside is how many other arms met the same fault at the same time.
	Beside int `json:"beside,omitempty"`
	// Seconds is how long the round took, preparation included; Whole how long after the fault everything was whole again.
	Seconds float64 `json:"seconds"`
	Whole   float64 `json:"whole"`
	// Load is the machine's load average over a minute when the fault began.
	Load    float64  `json:"load"`
	Writers []Writer `json:"writers,omitempty"`
	Island  *Island  `json:"island,omitempty"`
	// Failed says what went wrong, as when the arm did not become whole; its numbers count all the same.
	Failed string `json:"failed,omitempty"`
}

// Writer is what one writer saw of a round. Times are milliseconds.
type Writer struct {
	Path    string         `json:"path"`
	Client  string         `json:"client"`
	Acks    int            `json:"acks"`
	Gap     float64        `json:"gap"`
	GapFrom float64        `json:"from"` // after the fault began
	Kept    float64        `json:"kept"` // the gap between writes that were kept
	Errors  map[string]int `json:"errors,omitempty"`
	Skipped int            `json:"skipped,omitempty"`
	Lost    int            `json:"lost"`
	LostAge float64        `json:"lostAge,omitempty"`
}

// Island is what a client saw that was cut off together with the master. Times are milliseconds.
type Island struct {
	Acks int `json:"acks"`
	// Late counts the acknowledgements later than one second before down-after; Last is when the last one came, after the cut.
	Late int     `json:"late"`
	Last float64 `json:"last"`
	// Lost counts the acknowledged writes that the group does not have in the end.
	Lost int `json:"lost"`
}

// ErrorSum counts the failed writes of all kinds.
func (w Writer) ErrorSum() int {
	sum := 0
	for _, count := range w.Errors {
		sum += count
	}
	return sum
}

// Milliseconds is a duration as a Round holds it.
func Milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
