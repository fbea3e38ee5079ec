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

// Authority signs leaves and remembers which older authorities are still trusted. It is immutable.
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
	draft, err := template(name, now, lifetime)
	if err != nil {
		return nil, err
	}
	draft.IsCA = true
	draft.BasicConstraintsValid = true
	draft.MaxPathLenZero = true
	draft.KeyUsage = x509.KeyUsageCertSign
	if draft.SubjectKeyId, err = keyIdentifier(key); err != nil {
		return nil, err
	}
	cert, err := sign(draft, draft, key, key)
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

// Bundle is what clients must trust now, in PEM: this authority and the previous ones that have not expired.
func (a *Authority) Bundle(now time.Time) []byte {
	return encodeCertificates(append([]*x509.Certificate{a.cert}, valid(a.previous, now)...)...)
}

// Due reports whether two thirds of the authority's life are over.
func (a *Authority) Due(now time.Time) bool { return due(a.cert, now) }

// Created is when the authority was made.
func (a *Authority) Created() time.Time { return a.cert.NotBefore.Add(backdate) }

// NotAfter is when the authority expires.
func (a *Authority) NotAfter() time.Time { return a.cert.NotAfter }

// Trusts reports whether the leaf was signed by an authority of this bundle.
func (a *Authority) Trusts(leaf *x509.Certificate, now time.Time) bool {
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
	draft, err := template(names[0], now, lifetime)
	if err != nil {
		return nil, err
	}
	if draft.NotAfter.After(a.cert.NotAfter) {
		draft.NotAfter = a.cert.NotAfter
	}
	draft.KeyUsage = x509.KeyUsageDigitalSignature
	draft.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			draft.IPAddresses = append(draft.IPAddresses, ip)
		} else {
			draft.DNSNames = append(draft.DNSNames, name)
		}
	}
	cert, err := sign(draft, a.cert, key, a.key)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key, Leaf: cert}, nil
}

// due reports whether two thirds of the certificate's life are over, or its time has not come.
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
		return nil, fmt.Errorf("generating a serial number: %w", err)
	}
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: name[:min(len(name), 64)]},
		NotBefore:    now.Add(-min(backdate, lifetime)).UTC(),
		NotAfter:     now.Add(lifetime).UTC(),
	}, nil
}

// keyIdentifier tells authorities apart: successors share a subject.
func keyIdentifier(key *ecdsa.PrivateKey) ([]byte, error) {
	public, err := key.PublicKey.Bytes()
	if err != nil {
		return nil, fmt.Errorf("encoding a public key: %w", err)
	}
	sum := sha256.Sum256(public)
	return sum[:20], nil
}

func sign(draft, parent *x509.Certificate, key, signer *ecdsa.PrivateKey) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, draft, parent, &key.PublicKey, signer)
	if err != nil {
		return nil, fmt.Errorf("signing a certificate: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("reading a signed certificate back: %w", err)
	}
	return cert, nil
}
