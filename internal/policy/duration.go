// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"errors"
	"fmt"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// duration is written like 5s or 1m30s.
type duration time.Duration

// UnmarshalJSON reads the text form only: a bare number would leave its unit to guesswork.
func (d *duration) UnmarshalJSON(text []byte) error {
	var written string
	if err := yaml.Unmarshal(text, &written); err != nil || len(text) == 0 || text[0] != '"' {
		return fmt.Errorf("%s is not a duration: write it with its unit, like 5s", text)
	}
	parsed, err := time.ParseDuration(written)
	if err != nil {
		return fmt.Errorf("%q is not a duration: write it with its unit, like 5s", written)
	}
	*d = duration(parsed)
	return nil
}

func (d duration) milliseconds() int64 { return time.Duration(d).Milliseconds() }

func (d duration) String() string { return time.Duration(d).String() }

func millisecondsOr(d *duration, fallback int64) int64 {
	if d == nil {
		return fallback
	}
	return d.milliseconds()
}

func checkDownAfter(ms int64) error {
	if ms < contract.MinDownAfterMs {
		return fmt.Errorf("%d ms is too short: a Sentinel would take a new master for dead before it has connected to it; write at least %d ms, like 2s", ms, contract.MinDownAfterMs)
	}
	return checkLongest(ms)
}

func checkTimeout(ms int64) error {
	if ms < 1000 {
		return errors.New("must be at least 1s")
	}
	return checkLongest(ms)
}

// longest is more than anybody waits for a failover; what is beyond it was meant in another unit.
const longest = 24 * time.Hour

func checkLongest(ms int64) error {
	if ms > longest.Milliseconds() {
		return fmt.Errorf("must be at most %s", longest)
	}
	return nil
}

// checkGrace is for times that may be nothing.
func checkGrace(ms int64) error {
	if ms < 0 {
		return errors.New("must not be negative")
	}
	return nil
}

// checkWholeSeconds is for settings that Redis counts in seconds.
func checkWholeSeconds(ms int64) error {
	if ms < 1000 || ms%1000 != 0 {
		return fmt.Errorf("%s is invalid: Redis counts this in whole seconds, at least 1s", time.Duration(ms)*time.Millisecond)
	}
	return checkLongest(ms)
}
