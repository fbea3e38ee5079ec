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
	if response, err := http.DefaultClient.Do(request); err == nil {
		_ = response.Body.Close()
	}
}
