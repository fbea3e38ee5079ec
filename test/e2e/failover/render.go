// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/failover/measure"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/failover/report"
)

// renderPage writes the page and the picture of the results. The picture shows the server of which there are most rounds.
func renderPage(opts options) error {
	file, err := os.Open(opts.results)
	if err != nil {
		return fmt.Errorf("reading results: %w", err)
	}
	defer file.Close()
	runs, rounds, err := measure.Decode(file)
	if err != nil {
		return err
	}
	if len(rounds) == 0 {
		return errors.New("the results hold no round")
	}
	counts := map[string]int{}
	for _, round := range rounds {
		counts[round.Server]++
	}
	shown := slices.MaxFunc(rounds, func(a, b measure.Round) int { return counts[a.Server] - counts[b.Server] }).Server
	return errors.Join(
		os.WriteFile(opts.page, []byte(report.Page(runs, rounds)), 0o644),
		os.WriteFile(opts.picture, []byte(report.Picture(shown, rounds)), 0o644))
}
