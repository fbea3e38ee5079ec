// SPDX-License-Identifier: Apache-2.0

package node

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/cluster/internal/host"
)

const validity = 365 * 24 * time.Hour

// authority signs certificates.
type authority struct {
	layout Layout
	cert   *x509.Certificate
	key    crypto.Signer
}

// makePKI writes the two authorities, every identity's certificate, the key of
// service account tokens, and a kubeconfig for each client.
func makePKI(l Layout, now time.Time) error {
	ca, err := newAuthority(l, "ca", now)
	if err != nil {
		return err
	}
	frontProxy, err := newAuthority(l, "front-proxy-ca", now)
	if err != nil {
		return err
	}
	if err := frontProxy.client("front-proxy-client", "front-proxy-client", ""); err != nil {
		return err
	}
	if err := ca.server("apiserver", []string{
		"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local",
	}, []string{"127.0.0.1", host.APIService, host.NodeIP}); err != nil {
		return err
	}
	if err := ca.client("apiserver-kubelet-client", "kube-apiserver-kubelet-client", "system:masters"); err != nil {
		return err
	}
	for _, id := range []struct{ name, user, group string }{
		{"admin", "kubernetes-admin", "system:masters"},
		{"kube-controller-manager", "system:kube-controller-manager", ""},
		{"kube-scheduler", "system:kube-scheduler", ""},
		{"kube-proxy", "system:kube-proxy", ""},
		{"kubelet", "system:node:" + Name, "system:nodes"},
		{"coredns", "system:coredns", ""},
	} {
		if err := ca.client(id.name, id.user, id.group); err != nil {
			return err
		}
		if err := writeKubeconfig(l, id.name); err != nil {
			return err
		}
	}
	return makeTokenKey(l)
}

// makeTokenKey writes the key that signs service accounts' tokens; API servers
// prefer RSA for it, because clients everywhere can check it.
func makeTokenKey(l Layout) error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return fmt.Errorf("making the key of service account tokens: %w", err)
	}
	if err = writeKey(l.Key("service-accounts"), key); err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return fmt.Errorf("making the key of service account tokens: %w", err)
	}
	return writePEM(l.in("pki", "service-accounts.pub"), "PUBLIC KEY", public)
}

func newAuthority(l Layout, name string, now time.Time) (*authority, error) {
	a := &authority{layout: l, cert: template(name, "", now)}
	a.cert.IsCA = true
	a.cert.BasicConstraintsValid = true
	a.cert.KeyUsage |= x509.KeyUsageCertSign
	key, err := a.issue(name, a.cert)
	if err != nil {
		return nil, err
	}
	a.key = key
	return a, nil
}

func (a *authority) client(name, user, group string) error {
	cert := template(user, group, a.cert.NotBefore)
	cert.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	_, err := a.issue(name, cert)
	return err
}

func (a *authority) server(name string, hosts, addresses []string) error {
	cert := template(name, "", a.cert.NotBefore)
	cert.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	cert.DNSNames = hosts
	for _, address := range addresses {
		cert.IPAddresses = append(cert.IPAddresses, net.ParseIP(address))
	}
	_, err := a.issue(name, cert)
	return err
}

// issue signs and writes a certificate with a new key. An authority that has
// no key yet signs itself.
func (a *authority) issue(name string, cert *x509.Certificate) (crypto.Signer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making the key of %s: %w", name, err)
	}
	signer := a.key
	if signer == nil {
		signer = key
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, a.cert, key.Public(), signer)
	if err != nil {
		return nil, fmt.Errorf("signing the certificate of %s: %w", name, err)
	}
	if err := writePEM(a.layout.Certificate(name), "CERTIFICATE", der); err != nil {
		return nil, err
	}
	return key, writeKey(a.layout.Key(name), key)
}

func template(user, group string, now time.Time) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 100)) // never fails since Go 1.24
	subject := pkix.Name{CommonName: user}
	if group != "" {
		subject.Organization = []string{group}
	}
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      subject,
		NotBefore:    now.Add(-time.Hour), // clocks in tests may be moved a little
		NotAfter:     now.Add(validity),
		KeyUsage:     x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
	}
}

func writeKey(path string, key crypto.Signer) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return writePEM(path, "PRIVATE KEY", der)
}

func writePEM(path, kind string, der []byte) error {
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}
