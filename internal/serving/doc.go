// SPDX-License-Identifier: Apache-2.0

// Package serving gives the webhook its servers, whose every part that a client can take is bounded, and the certificate
// that the API server trusts. Where the API server presents one of its own, nobody else is let in (clients.go).
//
// The authority's key lies in one Secret, made by whichever replica comes first; each replica signs a leaf of its own,
// in memory, so that no volume, no restart and no leader is needed to serve. A Rotator repeats one rotation: read or make the
// authority, sign the leaf when it is due, and see to it that every MutatingWebhookConfiguration carries the bundle.
//
// Why no call fails when an authority is renewed: the bundle holds the old and the new authority until the old one
// expires, running replicas keep their old leaf until it is due, and a new leaf is signed by a new authority only when
// that one has been in the Secret for some minutes, or when nothing else is left to sign with, in which case the replica
// is not ready before every configuration carries the authority of its leaf.
package serving
