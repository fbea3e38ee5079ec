// SPDX-License-Identifier: Apache-2.0

package serving

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
)

// RequireClients makes every connection present a certificate that an authority of the PEM text signed for clients, and
// whose common name is one of names where there are any. The whole chain is checked again when a session is resumed.
func RequireClients(config *tls.Config, authorities []byte, names []string) error {
	certs, err := DecodeBundle(authorities)
	if err != nil {
		return fmt.Errorf("reading the authorities of clients: %w", err)
	}
	if len(certs) == 0 {
		return fmt.Errorf("reading the authorities of clients: there is no certificate in the file: put the PEM text of the API server's client authority into it")
	}
	config.ClientCAs = x509.NewCertPool()
	for _, cert := range certs {
		config.ClientCAs.AddCert(cert)
	}
	config.ClientAuth = tls.RequireAndVerifyClientCert
	config.VerifyConnection = func(state tls.ConnectionState) error {
		if len(state.VerifiedChains) == 0 {
			return fmt.Errorf("the client presents no certificate")
		}
		name := state.VerifiedChains[0][0].Subject.CommonName
		if len(names) > 0 && !slices.Contains(names, name) {
			return fmt.Errorf("the client's certificate is for %q, want %s", name, strings.Join(names, " or "))
		}
		return nil
	}
	return nil
}
