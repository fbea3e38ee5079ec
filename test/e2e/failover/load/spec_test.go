// SPDX-License-Identifier: Apache-2.0

package load

import (
	"errors"
	"net"
	"os"
	"syscall"
	"testing"
)

func TestKindsOfErrors(t *testing.T) {
	refused := &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	for want, err := range map[string]error{
		"timeout":                  &net.OpError{Op: "read", Err: os.ErrDeadlineExceeded},
		"dial: connection refused": refused,
		"name not found":           &net.DNSError{Err: "no such host", Name: "redis-0"},
		"EOF":                      errors.New("EOF"),
		"connection pool timeout":  errors.New("redis: connection pool timeout"),
		"lost ADDRESS":             errors.New("lost 10.244.0.7:6379"),
	} {
		if got := kind(err); got != want {
			t.Errorf("%v is %q, want %q", err, got, want)
		}
	}
}
