// SPDX-License-Identifier: Apache-2.0

package serving

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509"
	"errors"
	"fmt"

	"k8s.io/client-go/util/cert"
	"k8s.io/client-go/util/keyutil"
)

// Keys of the authority's Secret.
const (
	keyCertificate = "tls.crt"
	keyPrivate     = "tls.key"
	keyPrevious    = "previous.crt"
)

// encode renders the authority as the data of its Secret.
func (a *Authority) encode() (map[string][]byte, error) {
	key, err := keyutil.MarshalPrivateKeyToPEM(a.key)
	if err != nil {
		return nil, fmt.Errorf("encoding the key of the authority: %w", err)
	}
	data := map[string][]byte{keyCertificate: encodeCertificates(a.cert), keyPrivate: key}
	if len(a.previous) > 0 {
		data[keyPrevious] = encodeCertificates(a.previous...)
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
		return nil, fmt.Errorf("%s does not contain exactly one authority", keyCertificate)
	}
	parsed, err := keyutil.ParsePrivateKeyPEM(data[keyPrivate])
	if err != nil {
		return nil, fmt.Errorf("%s: %w", keyPrivate, err)
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok || !key.PublicKey.Equal(certs[0].PublicKey) {
		return nil, errors.New("certificate and key of the authority do not match")
	}
	previous, err := DecodeBundle(data[keyPrevious])
	if err != nil {
		return nil, fmt.Errorf("%s: %w", keyPrevious, err)
	}
	return &Authority{cert: certs[0], key: key, previous: previous}, nil
}

// DecodeBundle reads the certificates of a caBundle. An empty bundle holds none.
func DecodeBundle(text []byte) ([]*x509.Certificate, error) {
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, nil
	}
	certs, err := cert.ParseCertsPEM(text)
	if err != nil {
		return nil, fmt.Errorf("reading certificates: %w", err)
	}
	return certs, nil
}

func encodeCertificates(certs ...*x509.Certificate) []byte {
	text, _ := cert.EncodeCertificates(certs...) // fails only where writing fails, and this is memory
	return text
}
