// SPDX-License-Identifier: Apache-2.0

package act

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

const (
	// preparedWithin bounds one question; the other agent answers when it knows.
	preparedWithin = time.Second
	// toldWithin bounds the claim and the promotion of the other agent.
	toldWithin = time.Second
)

// Prepared asks the agent on a host whether it would accept the offer of a seal. Silence is a no.
func Prepared(ctx context.Context, host, seal string) bool {
	ctx, cancel := context.WithTimeout(ctx, preparedWithin)
	defer cancel()
	code, err := ask(ctx, http.MethodGet, host, "?"+url.Values{contract.SealParameter: {seal}}.Encode(), nil)
	return err == nil && code == http.StatusNoContent
}

// Tell gives the agent on a host the word for its offer, for which writes have been held back for some time. The errors are those of
// Others.Tell.
func Tell(ctx context.Context, host, word string, held time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, toldWithin)
	defer cancel()
	switch code, err := ask(ctx, http.MethodPost, host, "", http.Header{contract.WordHeader: {word}, contract.HeldHeader: {held.String()}}); {
	case err != nil:
		return fmt.Errorf("giving the word for an offer: %w", err)
	case code == http.StatusNoContent:
		return nil
	case code == http.StatusConflict:
		return fmt.Errorf("%w by the agent on %s", ErrNotAccepted, host)
	default:
		return fmt.Errorf("giving the word for an offer: the agent on %s answers %d", host, code)
	}
}

func ask(ctx context.Context, method, host, query string, header http.Header) (code int, err error) {
	at := "http://" + model.Address{Host: host, Port: contract.AgentPort}.String() + contract.PathOffer + query
	request, err := http.NewRequestWithContext(ctx, method, at, http.NoBody)
	if err != nil {
		return 0, err
	}
	maps.Copy(request.Header, header)
	response, err := notifying.Do(request)
	if err != nil {
		return 0, err
	}
	_ = response.Body.Close() // nothing of it is read
	return response.StatusCode, nil
}
