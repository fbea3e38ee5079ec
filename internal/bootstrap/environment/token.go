// SPDX-License-Identifier: Apache-2.0

package environment

import (
	"net/http"
	"sync/atomic"
)

// Token is whether the API knows somebody by the token of this pod, as its last answer to any request says: after the service account was
// deleted and made again it does not, until the kubelet has brought a new one. A watch that was let in once goes on meanwhile, for ten
// minutes at most.
type Token struct{ refused atomic.Bool }

// Refused reports whether the API answers, and knows nobody.
func (t *Token) Refused() bool { return t.refused.Load() }

// heard listens to what the API answers.
func (t *Token) heard(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		answer, err := next.RoundTrip(r)
		if err == nil {
			t.refused.Store(answer.StatusCode == http.StatusUnauthorized)
		}
		return answer, err
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

// RoundTrip makes one request.
func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
