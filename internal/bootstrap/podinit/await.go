// SPDX-License-Identifier: Apache-2.0

package podinit

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

const (
	// awaitWithin bounds the wait; the kubelet restarts an agent whose hook failed.
	awaitWithin = 60 * time.Second
	// awaitEvery is the pause between two questions: nothing tells another process that the agent has started.
	awaitEvery = 20 * time.Millisecond
)

// AwaitStarted returns when the agent of this pod has written the configuration, or with the agent's last answer when it has
// not within a minute. It is the agent's own postStart hook.
func AwaitStarted(ctx context.Context) error {
	return awaitStarted(ctx, net.JoinHostPort("127.0.0.1", strconv.Itoa(contract.AgentPort)))
}

func awaitStarted(ctx context.Context, address string) error {
	var last error
	err := wait.PollUntilContextTimeout(ctx, awaitEvery, awaitWithin, true, func(ctx context.Context) (bool, error) {
		last = askStarted(ctx, "http://"+address+contract.PathStarted)
		return last == nil, nil
	})
	if err != nil {
		return fmt.Errorf("the agent has not started: %w", errors.Join(last, err))
	}
	return nil
}

func askStarted(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("asking whether the agent has started: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("asking whether the agent has started: %w", err)
	}
	defer response.Body.Close() //nolint:errcheck // nothing is read from it
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("asking whether the agent has started: it answered %s", response.Status)
	}
	return nil
}
