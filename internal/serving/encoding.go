// SPDX-License-Identifier: Apache-2.0

package serving

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
)

// Keys of the authority's Secret.
const (
	keyCertificate = "tls.crt"
	keyPrivate     = "tls.key"
	keyPrevious    = "previous.crt"
)

const (
	pemCertificate = "CERTIFICATE"
	pemPrivate     = "EC PRIVATE KEY"
)

// encode renders the authority as the data of its Secret.
func (a *Authority) encode() (map[string][]byte, error) {
	key, err := x509.MarshalECPrivateKey(a.key)
	if err != nil {
		return nil, fmt.Errorf("encoding the key of the authority: %w", err)
	}
	data := map[string][]byte{
		keyCertificate: encodeCertificate(a.cert),
		keyPrivate:     pem.EncodeToMemory(&pem.Block{Type: pemPrivate, Bytes: key}),
	}
	if len(a.previous) > 0 {
		var previous []byte
		for _, cert := range a.previous {
			previous = append(previous, encodeCertificate(cert)...)
		}
		data[keyPrevious] = previous
	}
	return data, nil
}

// decodeAuthority reads the data of the authority's Secret.
func decodeAuthority(data map[string][]byte) (*Authority, error) {
	certs, err := DecodeBundle(data[keyCertificate])
	if err != nil {
		return nil, fmt.Errorf("%s: %w", keyCertificate, err)
	}
	if len(certs) != 1 || !certs[0].IsCA {
		return nil, fmt.Errorf("%s does not hold exactly one authority", keyCertificate)
	}
	block, _ := pem.Decode(data[keyPrivate])
	if block == nil || block.Type != pemPrivate {
		return nil, fmt.Errorf("%s holds no %s block", keyPrivate, pemPrivate)
	}
	key, err := x509.ParseECPrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", keyPrivate, err)
	}
	public, ok := certs[0].PublicKey.(*ecdsa.PublicKey)
	if !ok || !public.Equal(&key.PublicKey) {
		return nil, errors.New("certificate and key of the authority do not belong together")
	}
	previous, err := DecodeBundle(data[keyPrevious])
	if err != nil {
		return nil, fmt.Errorf("%s: %w", keyPrevious, err)
	}
	return &Authority{cert: certs[0], key: key, previous: previous}, nil
}

// DecodeBundle reads the certificates of a caBundle. An empty bundle holds none.
func DecodeBundle(text []byte) ([]*x509.Certificate, error) {
	var out []*x509.Certificate
	for rest := text; len(bytes.TrimSpace(rest)) > 0; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil || block.Type != pemCertificate {
			return nil, fmt.Errorf("holds something else than %s blocks", pemCertificate)
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("reading a certificate: %w", err)
		}
		out = append(out, cert)
	}
	return out, nil
}

func encodeCertificate(cert *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: pemCertificate, Bytes: cert.Raw})
}
