// SPDX-License-Identifier: Apache-2.0

package act

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// answers makes an agent on a host that answers with a code, and notes what it was asked.
func answers(t *testing.T, code int) (host string, asked *http.Request) {
	t.Helper()
	host, listener := agentPort(t)
	asked = &http.Request{}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { //nolint:gosec // a test
		*asked = *r
		w.WriteHeader(code)
	})}
	go server.Serve(listener) //nolint:errcheck // it ends with the test
	t.Cleanup(func() { _ = server.Close() })
	return host, asked
}

// TestOnlyAClearYesIsPrepared: whatever else is answered, or nothing, is none.
func TestOnlyAClearYesIsPrepared(t *testing.T) {
	for code, want := range map[int]bool{http.StatusNoContent: true, http.StatusOK: false, http.StatusNotFound: false, http.StatusInternalServerError: false} {
		host, asked := answers(t, code)
		if got := Prepared(t.Context(), host, "a seal"); got != want {
			t.Errorf("%d: %t", code, got)
		}
		if asked.Method != http.MethodGet || asked.URL.Path != contract.PathOffer || asked.URL.Query().Get(contract.SealParameter) != "a seal" {
			t.Errorf("asked for %s %s", asked.Method, asked.URL)
		}
	}
	if Prepared(t.Context(), "127.0.77.99", "a seal") {
		t.Error("nobody answers, and it is prepared")
	}
}

// TestWordThatMayHaveBeenHeeded: only an agent that says so has not heeded it. After anything else the successor may lead.
func TestWordThatMayHaveBeenHeeded(t *testing.T) {
	for code, c := range map[int]struct{ leads, mayNot bool }{
		http.StatusNoContent: {true, false}, http.StatusConflict: {false, true}, http.StatusAccepted: {false, false},
		http.StatusOK: {false, false}, http.StatusInternalServerError: {false, false}, http.StatusNotFound: {false, false},
	} {
		host, asked := answers(t, code)
		err := Tell(t.Context(), host, "word", 30*time.Millisecond)
		if (err == nil) != c.leads || errors.Is(err, ErrNotAccepted) != c.mayNot {
			t.Errorf("%d: %v", code, err)
		}
		if asked.Method != http.MethodPost || asked.URL.Path != contract.PathOffer || asked.Header.Get(contract.WordHeader) != "word" || asked.Header.Get(contract.HeldHeader) != "30ms" {
			t.Errorf("asked for %s %s with %v", asked.Method, asked.URL, asked.Header)
		}
		if asked.URL.RawQuery != "" {
			t.Error("the word would stand in logs")
		}
	}
	if err := Tell(t.Context(), "127.0.77.99", "word", 0); err == nil || errors.Is(err, ErrNotAccepted) {
		t.Errorf("nobody answers: %v", err)
	}
}

// TestAgentThatHangsHoldsNobodyUp: clients wait while the word is given, and a handover asks again until its time is over.
func TestAgentThatHangsHoldsNobodyUp(t *testing.T) {
	host, listener := agentPort(t)
	server := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })} //nolint:gosec // a test
	go server.Serve(listener)                                                                                                //nolint:errcheck // it ends with the test
	t.Cleanup(func() { _ = server.Close() })
	const most = 5 * time.Second // a slow machine included
	ended := make(chan string, 2)
	go func() {
		if !Prepared(t.Context(), host, "a seal") {
			ended <- "the question"
		}
	}()
	go func() {
		if err := Tell(t.Context(), host, "word", 0); err != nil && !errors.Is(err, ErrNotAccepted) {
			ended <- "the word"
		}
	}()
	late := time.After(most)
	for range cap(ended) {
		select {
		case <-ended:
		case <-late:
			t.Fatal("an agent that hangs holds a handover up, or says that it would accept")
		}
	}
}
