// SPDX-License-Identifier: Apache-2.0

package status

import (
	"context"
	"net/http"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// preparedWithin is how long a question waits for its answer to become yes.
const preparedWithin = 900 * time.Millisecond

// longestHeld bounds for how long a caller may say that writes were held back.
const longestHeld = time.Minute

// Offers are what holders may ask and give for their sealed offers. Anybody may call: who does not know the word sets nothing off, and
// is told no more than whether the agent has read what the record says.
type Offers struct {
	// Prepared reports whether the offer of a seal would be accepted. It waits for that until the context ends.
	Prepared func(ctx context.Context, seal string) bool
	// Accept takes the word for an offer, and for how long writes have been held back. It reports whether the Redis leads now, and whether it may lead later by this word.
	Accept func(ctx context.Context, word string, held time.Duration) (leads, mayLead bool)
}

func (o Offers) ask(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), preparedWithin)
	defer cancel()
	if !o.Prepared(ctx, r.URL.Query().Get(contract.SealParameter)) {
		http.Error(w, "no offer of this seal is known here that would be accepted", http.StatusNotFound)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (o Offers) give(w http.ResponseWriter, r *http.Request) {
	// What has begun is finished, also when the holder does not wait for it.
	held, _ := time.ParseDuration(r.Header.Get(contract.HeldHeader)) // it is only told to people
	leads, mayLead := o.Accept(context.WithoutCancel(r.Context()), r.Header.Get(contract.WordHeader), min(max(held, 0), longestHeld))
	switch {
	case leads:
		w.WriteHeader(http.StatusNoContent)
	case mayLead:
		http.Error(w, "it is not known yet whether this Redis leads", http.StatusAccepted)
	default:
		http.Error(w, "this word opens no offer that would be accepted", http.StatusConflict)
	}
}
