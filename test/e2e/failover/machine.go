// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/failover/measure"
)

// begin notes in the results where and by what the rounds that follow were measured.
func (b *bencher) begin(ctx context.Context) error {
	version, err := b.world.Client.Discovery().ServerVersion()
	if err != nil {
		return fmt.Errorf("asking the cluster for its version: %w", err)
	}
	now := time.Now().UTC()
	b.run = now.Format("20060102T150405Z")
	return appendResult(b.opts.results, measure.Run{
		ID: b.run, Began: now.Truncate(time.Second), Machine: machine(), Kubernetes: version.GitVersion, Commit: commit(ctx), Rate: b.opts.rate,
		OwnSentinels: b.opts.ownSentinels, MinReplicas: b.opts.minReplicas,
	})
}

// machine says what this machine is: processor, number of processors, memory and kernel.
func machine() string {
	model := field("/proc/cpuinfo", "model name")
	memory := strings.TrimSuffix(field("/proc/meminfo", "MemTotal"), " kB")
	var kilobytes int
	_, _ = fmt.Sscan(memory, &kilobytes) // 0 where the machine does not say
	kernel, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	return fmt.Sprintf("%d × %s, %d GB of memory, Linux %s", runtime.NumCPU(), model, (kilobytes+1<<19)>>20, strings.TrimSpace(string(kernel)))
}

// field is the first value of a key in a file of the kernel's.
func field(file, key string) string {
	text, _ := os.ReadFile(file)
	for line := range strings.Lines(string(text)) {
		if name, value, found := strings.Cut(line, ":"); found && strings.TrimSpace(name) == key {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

// commit is that of the checkout, or nothing where there is none.
func commit(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, "git", "rev-parse", "--short", "HEAD").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}
