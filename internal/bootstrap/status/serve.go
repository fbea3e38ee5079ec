// SPDX-License-Identifier: Apache-2.0

package status

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// Bounds of what a caller may cost. Everybody in the cluster reaches the port, and the agent has little memory.
const (
	// headersWithin is how long a caller may take to say what it wants.
	headersWithin = 2 * time.Second
	// answerWithin is longer than the hook may take.
	answerWithin = 15 * time.Second
	// idleFor is how long a connection may wait for its next request. The kubelet makes a new one each time.
	idleFor = 10 * time.Second
	// mostHeaderBytes is what a request may have before its body; the standard library adds 4 KiB.
	mostHeaderBytes = 4 << 10
)

// Serve listens until the context ends. It returns only errors of listening: a probe that cannot be answered for lack of a port
// is a fault that must be noticed.
func (p *Pages) Serve(ctx context.Context, address string) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("listening for probes: %w", err)
	}
	server := &http.Server{
		Handler: p.Handler(), ReadHeaderTimeout: headersWithin, ReadTimeout: headersWithin, WriteTimeout: answerWithin, IdleTimeout: idleFor,
		MaxHeaderBytes: mostHeaderBytes,
		ConnContext:    func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, guestKey{}, c) },
	}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(newDoor(listener)); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving probes: %w", err)
	}
	return nil
}
