// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"time"
)

// What writeClients leaves in its directory: the authority, and the certificate and key that the API server presents.
const (
	ClientAuthority   = "ca.crt"
	ClientCertificate = "client.crt"
	ClientKey         = "client.key"
	// ClientName is the common name of the certificate.
	ClientName = "front-proxy-client"
)

// The two files are what the chart's README has people write, but for the name of the user: tests have no Service.
const (
	kubeconfig = `apiVersion: v1
kind: Config
users:
  - name: "*"
    user:
      client-certificate: %s
      client-key: %s
`
	admission = `apiVersion: apiserver.config.k8s.io/v1
kind: AdmissionConfiguration
plugins:
  - name: MutatingAdmissionWebhook
    configuration:
      apiVersion: apiserver.config.k8s.io/v1
      kind: WebhookAdmissionConfiguration
      kubeConfigFile: %s
`
)

// writeClients fills the directory and returns the file for --admission-control-config-file.
func writeClients(dir string) (string, error) {
	file := func(name string) string { return filepath.Join(dir, name) }
	authority, signer, err := issue("clients", nil, nil)
	if err != nil {
		return "", err
	}
	cert, key, err := issue(ClientName, authority, signer)
	if err != nil {
		return "", err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", fmt.Errorf("encoding a key: %w", err)
	}
	for name, content := range map[string][]byte{
		ClientAuthority:   pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: authority.Raw}),
		ClientCertificate: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}),
		ClientKey:         pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}),
		"kubeconfig.yaml": fmt.Appendf(nil, kubeconfig, file(ClientCertificate), file(ClientKey)),
		"admission.yaml":  fmt.Appendf(nil, admission, file("kubeconfig.yaml")),
	} {
		if err := os.WriteFile(file(name), content, 0o600); err != nil {
			return "", fmt.Errorf("writing what the API server presents to webhooks: %w", err)
		}
	}
	return file("admission.yaml"), nil
}

// issue makes a certificate for clients, or an authority where there is none to sign it.
func issue(name string, authority *x509.Certificate, signer *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("generating a key: %w", err)
	}
	now := time.Now() //nolint:forbidigo // certificates of a test are checked by the wall clock
	draft := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, KeyUsage: x509.KeyUsageDigitalSignature,
	}
	if authority == nil {
		draft.IsCA, draft.BasicConstraintsValid, draft.KeyUsage, draft.ExtKeyUsage = true, true, x509.KeyUsageCertSign, nil
		authority, signer = draft, key
	}
	raw, err := x509.CreateCertificate(rand.Reader, draft, authority, &key.PublicKey, signer)
	if err != nil {
		return nil, nil, fmt.Errorf("signing a certificate: %w", err)
	}
	cert, err := x509.ParseCertificate(raw)
	if err != nil {
		return nil, nil, fmt.Errorf("reading a signed certificate back: %w", err)
	}
	return cert, key, nil
}
