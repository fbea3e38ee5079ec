// SPDX-License-Identifier: Apache-2.0

package serving

import (
	"crypto/tls"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics of the certificates.
type Metrics struct {
	notAfter     *prometheus.GaugeVec
	bundleWrites prometheus.Counter
}

// NewMetrics registers the metrics.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		notAfter: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "redis_sentinel_webhook_certificate_not_after_seconds",
			Help: "When the certificate expires, in Unix time.",
		}, []string{"certificate"}),
		bundleWrites: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "redis_sentinel_webhook_ca_bundle_writes_total",
			Help: "How often caBundle had to be written.",
		}),
	}
	r.MustRegister(m.notAfter, m.bundleWrites)
	return m
}

func (m *Metrics) observe(authority *Authority, leaf *tls.Certificate) {
	m.notAfter.WithLabelValues("authority").Set(seconds(authority.NotAfter()))
	m.notAfter.WithLabelValues("leaf").Set(seconds(leaf.Leaf.NotAfter))
}

func seconds(t time.Time) float64 { return float64(t.Unix()) }
