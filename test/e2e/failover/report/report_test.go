// SPDX-License-Identifier: Apache-2.0

package report

import (
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/failover/measure"
)

var update = flag.Bool("update", false, "write the golden files")

// sample are rounds with every kind of line that a page can have.
func sample(t *testing.T) ([]measure.Run, []measure.Round) {
	t.Helper()
	file, err := os.Open("testdata/results.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	runs, rounds, err := measure.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	return runs, rounds
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile("testdata/"+name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func TestPage(t *testing.T) { golden(t, "page.md", Page(sample(t))) }

func TestPicture(t *testing.T) {
	_, rounds := sample(t)
	picture := Picture("Valkey 9.1.2", rounds)
	golden(t, "picture.svg", picture)
	decoder := xml.NewDecoder(strings.NewReader(picture))
	for {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("it is no XML: %v", err)
		}
	}
}

// TestBars: a bar is held at its limit and not above it, by whichever path is the slower one.
func TestBars(t *testing.T) {
	row := func(arm, path, client string, gap, lost float64, errors int) measure.Row {
		return measure.Row{
			Fault: "delete", Arm: arm, Path: path, Client: client, Rounds: 20, Errors: errors,
			Gap: measure.Spread{Count: 20, P95: gap, Max: gap}, Lost: measure.Spread{Count: 20, Max: lost},
		}
	}
	for name, test := range map[string]struct {
		rows []measure.Row
		want []bool // gap, a hundredth of plain, coordinated, errors, lost, whole
	}{
		"all are held at their limits": {[]measure.Row{
			row(measure.Ours, measure.BySentinel, measure.OnTheWire, 60, 0, 99), row(measure.Ours, measure.BySentinel, measure.AsApplication, 900, 0, 0),
			row(measure.Plain, measure.BySentinel, measure.OnTheWire, 6000, 9, 9), row(measure.Coordinated, measure.BySentinel, measure.OnTheWire, 60, 0, 0),
		}, []bool{true, true, true, true, true, true}},
		"none is held, for the Service is slower": {[]measure.Row{
			row(measure.Ours, measure.BySentinel, measure.OnTheWire, 10, 0, 0), row(measure.Ours, measure.ByService, measure.OnTheWire, 61, 0, 0),
			row(measure.Ours, measure.ByService, measure.AsApplication, 10, 1, 1),
			row(measure.Plain, measure.BySentinel, measure.OnTheWire, 6000, 9, 9), row(measure.Coordinated, measure.BySentinel, measure.OnTheWire, 60, 0, 0),
		}, []bool{false, false, false, false, false, true}},
	} {
		t.Run(name, func(t *testing.T) {
			var held []bool
			for _, verdict := range Bars(test.rows, nil) {
				held = append(held, verdict.Held)
			}
			if diff := cmp.Diff(test.want, held); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	late := []measure.Round{{Fault: "island", Arm: measure.Ours, Island: &measure.Island{Late: 1, Last: 4001}}}
	if verdicts := islandBars(late); verdicts[0].Held {
		t.Error("a write was acknowledged too late, and the bar is held")
	}
}
