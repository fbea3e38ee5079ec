// SPDX-License-Identifier: Apache-2.0

package admit

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/mutate"
)

// Results of an admission, as a metric label.
const (
	// resultPatched and resultUnchanged let the object through.
	resultPatched   = "patched"
	resultUnchanged = "unchanged"
	// resultDenied refuses it: the object or the policy has to change.
	resultDenied = "denied"
	// resultFailed refuses it for now: whoever sent it may try again.
	resultFailed = "failed"
)

// Reasons of this package beside those of mutate.
const (
	// ProvisionFailed means that what the pod needs in its namespace could not be made in time.
	ProvisionFailed mutate.Reason = "ProvisionFailed"
	// ForeignObject means that a name that the group needs is taken.
	ForeignObject mutate.Reason = "ForeignObject"
	// LookupFailed means that the Namespace or the StatefulSet could not be read.
	LookupFailed mutate.Reason = "LookupFailed"
	// Panicked means that the webhook has a fault, which the log shows.
	Panicked mutate.Reason = "Panicked"
	// ExcludedNamespace lets everything through, and makes nothing.
	ExcludedNamespace mutate.Reason = "ExcludedNamespace"
	// DeniedOwner refuses a pod that the StatefulSet which it names does not make: it is gone, another, on its way out, not
	// opted in, or runs under another account.
	DeniedOwner mutate.Reason = "DeniedOwner"
)

// Kinds of objects, as a metric label.
const (
	kindPod         = "Pod"
	kindStatefulSet = "StatefulSet"
	kindScale       = "Scale"
)

// Metrics count admissions.
type Metrics struct {
	admissions *prometheus.CounterVec
	turnedAway *prometheus.CounterVec
	duration   *prometheus.HistogramVec
}

// NewMetrics registers the metrics.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		admissions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "redis_sentinel_webhook_admissions_total",
			Help: "Admissions by kind of object, result (patched, unchanged, denied, failed) and reason.",
		}, []string{"kind", "result", "reason"}),
		turnedAway: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "redis_sentinel_webhook_requests_turned_away_total",
			Help: "Requests that were not reviewed, by cause (too_large, busy, malformed).",
		}, []string{"cause"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "redis_sentinel_webhook_admission_duration_seconds",
			Help:    "How long an admission took inside the webhook.",
			Buckets: []float64{.00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1},
		}, []string{"kind"}),
	}
	r.MustRegister(m.admissions, m.turnedAway, m.duration)
	return m
}

func (m *Metrics) count(a answer, took time.Duration) {
	m.admissions.WithLabelValues(a.kind, a.result, a.Reason.String()).Inc()
	m.duration.WithLabelValues(a.kind).Observe(took.Seconds())
}

func (m *Metrics) turnAway(err error) {
	cause := "malformed"
	switch {
	case errors.Is(err, errTooLarge):
		cause = "too_large"
	case errors.Is(err, errBusy):
		cause = "busy"
	}
	m.turnedAway.WithLabelValues(cause).Inc()
}
