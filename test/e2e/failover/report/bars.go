// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"slices"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/failover/measure"
)

// Verdict is one bar and whether what was measured holds it.
type Verdict struct {
	Fault, Bar, Measured string
	Held                 bool
}

// gapBars are the longest gaps on the wire that are allowed at the 95th percentile, in milliseconds.
var gapBars = map[string]float64{
	"request": 60, "delete": 60, "drain": 60, "rollout": 60, "rollout-sentinels": 60, "rollout-both": 60,
	"kill": 300, "kill-memory": 300, "crash": 1500, "frozen": 7000, "island": 7000, "all": 6000,
	"two-sentinels": float64((DownAfter + FailoverTimeout).Milliseconds() + 5000),
}

// planned are changes in which nobody may fail, and nothing be lost.
var planned = []string{"request", "delete", "drain", "rollout", "rollout-sentinels", "rollout-both"}

// lossless are faults that lose nothing although they are not planned.
var lossless = []string{"script", "all"}

// Bars judges what was measured with one server; rows and rounds are of that server.
func Bars(rows []measure.Row, rounds []measure.Round) []Verdict {
	var verdicts []Verdict
	for _, fault := range Faults {
		own := pick(rows, fault.Name, measure.Ours)
		if len(own) == 0 {
			continue
		}
		if limit, barred := gapBars[fault.Name]; barred {
			verdicts = append(verdicts, gapBar(fault.Name, own, limit))
		}
		if slices.Contains(planned, fault.Name) {
			verdicts = append(verdicts, besides(fault.Name, own, rows)...)
			verdicts = append(verdicts, errorBar(fault.Name, own))
		}
		if slices.Contains(planned, fault.Name) || slices.Contains(lossless, fault.Name) {
			verdicts = append(verdicts, lostBar(fault.Name, own))
		}
		if fault.Name == "island" {
			verdicts = append(verdicts, islandBars(rounds)...)
		}
		verdicts = append(verdicts, wholeBar(fault.Name, own))
	}
	return verdicts
}

// pick returns the rows of a fault and an arm.
func pick(rows []measure.Row, fault, arm string) []measure.Row {
	return slices.DeleteFunc(slices.Clone(rows), func(r measure.Row) bool { return r.Fault != fault || r.Arm != arm })
}

// onTheWire is the greatest gap on the wire at the 95th percentile, of all paths.
func onTheWire(rows []measure.Row) float64 {
	worst := 0.0
	for _, row := range rows {
		if row.Client == measure.OnTheWire {
			worst = max(worst, row.Gap.P95)
		}
	}
	return worst
}

func gapBar(fault string, own []measure.Row, limit float64) Verdict {
	worst := onTheWire(own)
	return Verdict{Fault: fault, Bar: fmt.Sprintf("longest gap p95 ≤ %s", seconds(limit)), Measured: seconds(worst), Held: worst <= limit}
}

// besides compares with what the others need for the same change.
func besides(fault string, own, rows []measure.Row) []Verdict {
	var verdicts []Verdict
	worst := onTheWire(own)
	for _, other := range []struct {
		arm, bar string
		share    float64
	}{{measure.Plain, "≤ 1/100 of plain Sentinel's", 0.01}, {measure.Coordinated, "≤ coordinated failover's", 1}} {
		theirs := pick(rows, fault, other.arm)
		if len(theirs) == 0 {
			continue
		}
		limit := onTheWire(theirs)
		verdicts = append(verdicts, Verdict{
			Fault: fault, Bar: "longest gap p95 " + other.bar, Measured: seconds(worst) + " beside " + seconds(limit), Held: worst <= limit*other.share,
		})
	}
	return verdicts
}

func errorBar(fault string, own []measure.Row) Verdict {
	errors := 0
	for _, row := range own {
		if row.Client == measure.AsApplication {
			errors += row.Errors
		}
	}
	return Verdict{Fault: fault, Bar: "no error at an application", Measured: fmt.Sprint(errors), Held: errors == 0}
}

func lostBar(fault string, own []measure.Row) Verdict {
	most := 0.0
	for _, row := range own {
		most = max(most, row.Lost.Max)
	}
	return Verdict{Fault: fault, Bar: "no acknowledged write lost in any round", Measured: fmt.Sprintf("at most %.0f", most), Held: most == 0}
}

// wholeBar holds where no round ended with something missing.
func wholeBar(fault string, own []measure.Row) Verdict {
	row := slices.MaxFunc(own, func(a, b measure.Row) int { return a.Failed - b.Failed })
	return Verdict{Fault: fault, Bar: "whole again in every round", Measured: fmt.Sprintf("%d of %d", row.Rounds-row.Failed, row.Rounds), Held: row.Failed == 0}
}

func islandBars(rounds []measure.Round) []Verdict {
	late, lost, last := 0, 0, 0.0
	for _, round := range rounds {
		if round.Arm == measure.Ours && round.Island != nil {
			late, lost, last = max(late, round.Island.Late), max(lost, round.Island.Lost), max(last, round.Island.Last)
		}
	}
	// All that is lost was acknowledged on the island, so that the bound on the time bounds the loss.
	return []Verdict{{
		Fault: "island", Bar: "the island acknowledges nothing after down-after − 1 s", Held: late == 0,
		Measured: fmt.Sprintf("the last after %s; at most %d later, %d lost", seconds(last), late, lost),
	}}
}

// seconds shows milliseconds in a unit that fits.
func seconds(milliseconds float64) string {
	if milliseconds < 1000 {
		return fmt.Sprintf("%.0f ms", milliseconds)
	}
	return fmt.Sprintf("%.1f s", milliseconds/1000)
}
