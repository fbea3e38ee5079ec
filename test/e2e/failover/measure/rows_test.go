// SPDX-License-Identifier: Apache-2.0

package measure

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestPercentilesAreNumbersThatWereMeasured(t *testing.T) {
	twenty := make([]float64, 20)
	for i := range twenty {
		twenty[i] = float64(20 - i) // in another order
	}
	for name, test := range map[string]struct {
		numbers []float64
		want    Spread
	}{
		"none":   {nil, Spread{}},
		"one":    {[]float64{7}, Spread{1, 7, 7, 7}},
		"two":    {[]float64{9, 3}, Spread{2, 3, 9, 9}},
		"twenty": {twenty, Spread{20, 10, 19, 20}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := SpreadOf(test.numbers); got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestRowsCountFailedRoundsToo(t *testing.T) {
	writer := func(gap float64, lost int, kind string) []Writer {
		return []Writer{{Path: BySentinel, Client: OnTheWire, Acks: 10, Gap: gap, Kept: gap + 1, Lost: lost, LostAge: gap / 10, Errors: map[string]int{kind: 2}}}
	}
	rows := Rows([]Round{
		{Fault: "kill", Arm: Plain, Server: "Redis 7", Writers: writer(10, 0, "EOF")},
		{Fault: "kill", Arm: Ours, Server: "Redis 7", Writers: writer(100, 3, "EOF")},
		{Fault: "kill", Arm: Ours, Server: "Redis 7", Writers: writer(300, 0, "timeout"), Failed: "no master"},
		{Fault: "kill", Arm: Ours, Server: "Redis 7", Failed: "before: it never was whole"},
	})
	want := Row{
		Fault: "kill", Arm: Ours, Server: "Redis 7", Path: BySentinel, Client: OnTheWire, Rounds: 2, Failed: 1, Acks: 20, Errors: 4,
		Gap: Spread{2, 100, 300, 300}, Kept: Spread{2, 101, 301, 301}, Lost: Spread{2, 0, 3, 3}, LostAge: 30, Kinds: map[string]int{"EOF": 2, "timeout": 2},
	}
	if len(rows) != 2 || !reflect.DeepEqual(rows[0], want) || rows[1].Arm != Plain {
		t.Errorf("got %+v\nwant %+v, and then that of the plain arm", rows, want)
	}
	if kinds := rows[0].KindsByCount(); !reflect.DeepEqual(kinds, []string{"EOF", "timeout"}) {
		t.Errorf("kinds %v", kinds)
	}
}

func TestResultsAreReadAsTheyWereWritten(t *testing.T) {
	run := Run{ID: "a", Began: time.Unix(1000, 0).UTC(), Rate: 250, OwnSentinels: true}
	round := Round{Run: "a", Fault: "kill", Number: 3, Island: &Island{Late: 1}, Writers: []Writer{{Gap: 1.5, Errors: map[string]int{"EOF": 1}}}}
	var file bytes.Buffer
	for _, line := range []any{run, round} {
		text, err := Encode(line)
		if err != nil {
			t.Fatal(err)
		}
		file.Write(text)
	}
	file.WriteString(`{"of":"a","fault":"cut o`) // by a loss of power
	runs, rounds, err := Decode(&file)
	if err != nil || !reflect.DeepEqual(runs, []Run{run}) || !reflect.DeepEqual(rounds, []Round{round}) {
		t.Errorf("got %+v, %+v, %v", runs, rounds, err)
	}
	if _, _, err := Decode(strings.NewReader("{\n{}\n")); err == nil {
		t.Error("a broken line within the file was read")
	}
}
