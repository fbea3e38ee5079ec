// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bytes"
	"io"
	"strings"
	"testing"
)

func TestInjectedQuickstartNeedsNothingMore(t *testing.T) {
	injected := func(file string, stdin io.Reader) (string, string) {
		t.Helper()
		var stdout, stderr bytes.Buffer
		p := process("inject", "-f", file)
		p.Stdin, p.Stdout, p.Stderr = stdin, &stdout, &stderr
		if err := Run(t.Context(), p); err != nil {
			t.Fatalf("%v\n%s", err, &stderr)
		}
		return stdout.String(), stderr.String()
	}
	once, told := injected("../../examples/quickstart/redis.yaml", nil)
	if !strings.Contains(once, "redis-sentinel-bootstrap") || !strings.Contains(once, "kind: Service") || !strings.Contains(told, "Injected") {
		t.Errorf("%s\n%s", told, once)
	}
	twice, _ := injected("-", strings.NewReader(once))
	if once != twice {
		t.Error("injecting twice is not injecting once")
	}
}

func TestInjectSaysWhatWouldBeRefused(t *testing.T) {
	pod := "kind: Pod\nmetadata: {name: redis-0, labels: {redis-sentinel: please}}\nspec: {containers: [{name: redis}]}\n"
	p := process("inject", "-f", "-")
	p.Stdin = strings.NewReader(pod)
	err := Run(t.Context(), p)
	if err == nil || !strings.Contains(err.Error(), "DeniedLabel") {
		t.Errorf("error %v", err)
	}
}
