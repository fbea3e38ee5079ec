// SPDX-License-Identifier: Apache-2.0

package app

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"path/filepath"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/certwatcher"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/serving"
)

// certificate is what gives the admission server its certificate.
type certificate interface {
	GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error)
	Ready(*http.Request) error
	manager.Runnable
}

// newCertificate is the built-in certificate, or the files of --cert-dir. changed is called after a change of a
// configuration by somebody else was dealt with; with --cert-dir nobody looks.
func newCertificate(o serveOptions, live client.WithWatch, changed func(), log logr.Logger) (certificate, error) {
	if o.certDir == "" {
		return serving.NewRotator(live, serving.Options{
			Secret: client.ObjectKey{Namespace: o.namespace, Name: o.authoritySecret()}, Names: o.dnsNames(),
			Configurations: o.configurations, LeafLifetime: o.leafLifetime, Changed: changed, Now: o.now,
		}, serving.NewMetrics(metrics.Registry), log.WithName("serving")), nil
	}
	files, err := certwatcher.New(filepath.Join(o.certDir, "tls.crt"), filepath.Join(o.certDir, "tls.key"))
	if err != nil {
		return nil, fmt.Errorf("reading the certificate of --cert-dir: %w", err)
	}
	return filedCertificate{files}, nil
}

// filedCertificate is managed by another tool, and so is caBundle: it is ready once it could be read.
type filedCertificate struct{ *certwatcher.CertWatcher }

// Ready is a healthz.Checker.
func (f filedCertificate) Ready(*http.Request) error {
	_, err := f.GetCertificate(nil)
	return err
}
