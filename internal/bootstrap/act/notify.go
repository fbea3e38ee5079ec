// SPDX-License-Identifier: Apache-2.0

package act

import (
	"context"
	"net/http"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// Notify asks the agent on a host to observe at once. It is a wake-up without content; a lost one costs a tick.
func Notify(ctx context.Context, host string) {
	ctx, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
	defer cancel()
	url := "http://" + model.Address{Host: host, Port: contract.AgentPort}.String() + contract.PathNotify
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, http.NoBody)
	if err != nil {
		return
	}
	if response, err := notifying.Do(request); err == nil {
		_ = response.Body.Close() // nothing of it is read
	}
}

// notifying asks no proxy, goes where no answer sends it, and reads no more than the head of an answer: whoever has the address of
// a pod may answer there.
var notifying = &http.Client{
	Transport:     &http.Transport{DisableKeepAlives: true, MaxResponseHeaderBytes: 4 << 10},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}
