// SPDX-License-Identifier: Apache-2.0

package serving

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"net"
	"time"
)

// backdate is how much earlier than now a certificate begins to be valid, for clocks that are late.
const backdate = 5 * time.Minute

// Authority signs leaves and remembers which older authorities are still to be believed. It is immutable.
type Authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	// previous are older authorities, newest first.
	previous []*x509.Certificate
}

// NewAuthority makes an ECDSA P-256 authority that may sign leaves only.
func NewAuthority(name string, now time.Time, lifetime time.Duration) (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("generating the key of the authority: %w", err)
	}
	template, err := template(name, now, lifetime)
	if err != nil {
		return nil, err
	}
	template.IsCA = true
	template.BasicConstraintsValid = true
	template.MaxPathLenZero = true
	template.KeyUsage = x509.KeyUsageCertSign
	cert, err := sign(template, template, key, key)
	if err != nil {
		return nil, err
	}
	return &Authority{cert: cert, key: key}, nil
}

// Successor makes the authority that follows a. Its bundle still holds a, and what a held, as long as they are valid.
func (a *Authority) Successor(name string, now time.Time, lifetime time.Duration) (*Authority, error) {
	next, err := NewAuthority(name, now, lifetime)
	if err != nil {
		return nil, err
	}
	next.previous = valid(append([]*x509.Certificate{a.cert}, a.previous...), now)
	return next, nil
}

// Bundle is what clients must believe now, in PEM: this authority and the previous ones that have not expired.
func (a *Authority) Bundle(now time.Time) []byte {
	out := encodeCertificate(a.cert)
	for _, cert := range valid(a.previous, now) {
		out = append(out, encodeCertificate(cert)...)
	}
	return out
}

// Due tells whether two thirds of the authority's life are over.
func (a *Authority) Due(now time.Time) bool { return due(a.cert, now) }

// Created is when the authority was made.
func (a *Authority) Created() time.Time { return a.cert.NotBefore.Add(backdate) }

// NotAfter is when the authority expires.
func (a *Authority) NotAfter() time.Time { return a.cert.NotAfter }

// Believes tells whether the leaf was signed by an authority of this bundle.
func (a *Authority) Believes(leaf *x509.Certificate, now time.Time) bool {
	for _, cert := range valid(append([]*x509.Certificate{a.cert}, a.previous...), now) {
		if leaf.CheckSignatureFrom(cert) == nil {
			return true
		}
	}
	return false
}

// Leaf signs a serving certificate with a new key for the names, of which some may be IP addresses.
func (a *Authority) Leaf(names []string, now time.Time, lifetime time.Duration) (*tls.Certificate, error) {
	if len(names) == 0 {
		return nil, errors.New("a serving certificate needs a name")
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("generating the key of the leaf: %w", err)
	}
	template, err := template(names[0], now, lifetime)
	if err != nil {
		return nil, err
	}
	if template.NotAfter.After(a.cert.NotAfter) {
		template.NotAfter = a.cert.NotAfter
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	cert, err := sign(template, a.cert, key, a.key)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key, Leaf: cert}, nil
}

// due tells whether two thirds of the certificate's life are over, or its time has not come.
func due(cert *x509.Certificate, now time.Time) bool {
	life := cert.NotAfter.Sub(cert.NotBefore)
	return now.Before(cert.NotBefore) || now.After(cert.NotBefore.Add(life*2/3))
}

func valid(certs []*x509.Certificate, now time.Time) []*x509.Certificate {
	var out []*x509.Certificate
	for _, cert := range certs {
		if now.Before(cert.NotAfter) {
			out = append(out, cert)
		}
	}
	return out
}

// template has a random serial number. The common name is cut, because X.509 allows 64 bytes; clients read the
// alternative names only. The life is lengthened by the backdating, so that short lives in tests are what they say.
func template(name string, now time.Time, lifetime time.Duration) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fmt.Errorf("drawing a serial number: %w", err)
	}
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: name[:min(len(name), 64)]},
		NotBefore:    now.Add(-min(backdate, lifetime)).UTC(),
		NotAfter:     now.Add(lifetime).UTC(),
	}, nil
}

func sign(template, parent *x509.Certificate, key, signer *ecdsa.PrivateKey) (*x509.Certificate, error) {
	if template == parent {
		// Successors share a subject, so a key identifier must tell them apart.
		public, err := key.PublicKey.Bytes()
		if err != nil {
			return nil, fmt.Errorf("encoding a public key: %w", err)
		}
		sum := sha256.Sum256(public)
		template.SubjectKeyId = sum[:20]
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		return nil, fmt.Errorf("signing a certificate: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("reading a signed certificate back: %w", err)
	}
	return cert, nil
}
