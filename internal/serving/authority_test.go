// SPDX-License-Identifier: Apache-2.0

package serving

import (
	"bytes"
	"crypto/x509"
	"testing"
	"time"
)

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func newAuthority(t *testing.T, lifetime time.Duration) *Authority {
	t.Helper()
	a, err := NewAuthority("test", noon, lifetime)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestAuthoritySurvivesItsSecret(t *testing.T) {
	first := newAuthority(t, time.Hour)
	for name, a := range map[string]*Authority{"first": first, "successor": successor(t, first, noon.Add(50*time.Minute))} {
		data, err := a.encode()
		if err != nil {
			t.Fatal(err)
		}
		back, err := decodeAuthority(data)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !bytes.Equal(back.Bundle(noon), a.Bundle(noon)) || !back.key.Equal(a.key) {
			t.Errorf("%s: the authority changed in its Secret", name)
		}
	}
}

func successor(t *testing.T, a *Authority, now time.Time) *Authority {
	t.Helper()
	next, err := a.Successor("test", now, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return next
}

func TestDamagedSecretIsNoAuthority(t *testing.T) {
	a, b := newAuthority(t, time.Hour), newAuthority(t, time.Hour)
	good, _ := a.encode()
	other, _ := b.encode()
	leaf, err := a.Leaf([]string{"x"}, noon, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	with := func(key string, value []byte) map[string][]byte {
		out := map[string][]byte{keyCertificate: good[keyCertificate], keyPrivate: good[keyPrivate]}
		out[key] = value
		return out
	}
	for name, data := range map[string]map[string][]byte{
		"empty":                      {},
		"missing":                    nil,
		"garbage certificate":        with(keyCertificate, []byte("garbage")),
		"two certificates":           with(keyCertificate, append(good[keyCertificate], other[keyCertificate]...)),
		"a leaf":                     with(keyCertificate, encodeCertificates(leaf.Leaf)),
		"garbage key":                with(keyPrivate, []byte("garbage")),
		"key of another":             with(keyPrivate, other[keyPrivate]),
		"garbage among the previous": with(keyPrevious, []byte("garbage")),
	} {
		if _, err := decodeAuthority(data); err == nil {
			t.Errorf("%s: taken for an authority", name)
		}
	}
}

func TestLeafIsForItsNamesOnly(t *testing.T) {
	a := newAuthority(t, time.Hour)
	leaf, err := a.Leaf([]string{"webhook.system.svc", "127.0.0.1"}, noon, 10*time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(a.Bundle(noon))
	for name, want := range map[string]bool{"webhook.system.svc": true, "127.0.0.1": true, "other.system.svc": false} {
		_, err := leaf.Leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: name, CurrentTime: noon})
		if got := err == nil; got != want {
			t.Errorf("trusted for %s: %v (%v), want %v", name, got, err, want)
		}
	}
	if _, err := a.Leaf(nil, noon, time.Minute); err == nil {
		t.Error("signed a leaf without a name")
	}
}

func TestLeafEndsWithItsAuthority(t *testing.T) {
	a := newAuthority(t, time.Hour)
	leaf, err := a.Leaf([]string{"x"}, noon, 100*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if leaf.Leaf.NotAfter.After(a.NotAfter()) {
		t.Errorf("the leaf lives until %s, its authority until %s", leaf.Leaf.NotAfter, a.NotAfter())
	}
}

func TestBundleForgetsTheExpired(t *testing.T) {
	old := newAuthority(t, time.Hour)
	next := successor(t, old, noon.Add(50*time.Minute))
	for at, want := range map[time.Duration]int{55 * time.Minute: 2, 61 * time.Minute: 1} {
		certs, err := DecodeBundle(next.Bundle(noon.Add(at)))
		if err != nil || len(certs) != want {
			t.Errorf("after %s the bundle holds %d authorities (%v), want %d", at, len(certs), err, want)
		}
	}
	leaf, err := old.Leaf([]string{"x"}, noon, 2*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if !next.Trusts(leaf.Leaf, noon.Add(55*time.Minute)) || next.Trusts(leaf.Leaf, noon.Add(61*time.Minute)) {
		t.Error("a leaf of the old authority is trusted until that one expires, and no longer")
	}
}

func TestDueAfterTwoThirds(t *testing.T) {
	a := newAuthority(t, 295*time.Minute) // and 5 minutes of backdating
	for at, want := range map[time.Duration]bool{-10 * time.Minute: true, 0: false, 194 * time.Minute: false, 196 * time.Minute: true, 24 * time.Hour: true} {
		if got := a.Due(noon.Add(at)); got != want {
			t.Errorf("due after %s: %v, want %v", at, got, want)
		}
	}
}
