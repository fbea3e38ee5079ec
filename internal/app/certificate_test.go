// SPDX-License-Identifier: Apache-2.0

package app

import (
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-logr/logr"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/serving"
)

func TestCertificateOfAnotherTool(t *testing.T) {
	dir := t.TempDir()
	o := serveOptions{certDir: dir}
	if _, err := newCertificate(o, nil, nil, logr.Discard()); err == nil {
		t.Error("an empty --cert-dir was taken")
	}
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	pair := server.TLS.Certificates[0]
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{
		"tls.crt": {Type: "CERTIFICATE", Bytes: pair.Certificate[0]}, "tls.key": {Type: "PRIVATE KEY", Bytes: key},
	} {
		if err = os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cert, err := newCertificate(o, nil, nil, logr.Discard())
	if err != nil || cert.Ready(nil) != nil {
		t.Fatalf("certificate %v, error %v", cert, err)
	}
	if _, rotates := cert.(*serving.Rotator); rotates {
		t.Error("with --cert-dir another tool writes caBundle")
	}
}
