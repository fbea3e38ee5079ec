// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestSamplesAreTheProgramsThatRan: the page shows the programs' own text, and each program has its settings on the page.
func TestSamplesAreTheProgramsThatRan(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "clients.md"))
	if err != nil {
		t.Fatal(err)
	}
	want, err := withSamples(string(page), "programs")
	if err != nil {
		t.Fatal(err)
	}
	if want != string(page) {
		t.Error("docs/clients.md shows other samples than the programs have: go generate ./test/clients")
	}
	for _, program := range []string{"redispy.py", "ioredis.mjs", "noderedis.mjs", "rediscli.sh", "goredis/main.go"} {
		for _, part := range []string{"sentinel", "service"} {
			shown := false
			for _, match := range place.FindAllStringSubmatch(string(page), -1) {
				shown = shown || match[1] == program && strings.Contains(" "+match[2]+" ", " "+part+" ")
			}
			if !shown {
				t.Errorf("docs/clients.md does not show how %s is used through %s", program, part)
			}
		}
	}
}

// TestSample takes a part out of a program, without the indentation that all its lines have.
func TestSample(t *testing.T) {
	program := "before\n\t// sample: one\n\tfirst {\n\t\tsecond\n\t}\n\t// end\nafter\n# sample: two\n\nthird\n\n# end\n"
	for name, want := range map[string]string{"one": "first {\n\tsecond\n}", "two": "third"} {
		if got, err := sample(program, name); err != nil || got != want {
			t.Errorf("sample %s is %q (%v), want %q", name, got, err, want)
		}
	}
	for _, without := range []string{"three", "tw"} {
		if got, err := sample(program, without); err == nil {
			t.Errorf("sample %s is %q, want an error", without, got)
		}
	}
	if _, err := sample("# sample: one\nfirst\n", "one"); err == nil {
		t.Error("a sample without an end is no error")
	}
}

// TestLongestGap: refused writes do not end a gap, and the end of the round does.
func TestLongestGap(t *testing.T) {
	acknowledged := func(at float64) line { return line{At: at} }
	failed := func(at float64) line { return line{At: at, Error: "READONLY"} }
	for name, c := range map[string]struct {
		lines []line
		ended int64
		gap   time.Duration
		began int64
	}{
		"between two":          {[]line{acknowledged(1000), acknowledged(1300), acknowledged(1400)}, 1450, 300 * time.Millisecond, 1000},
		"errors do not count":  {[]line{acknowledged(1000), failed(1200), acknowledged(1500)}, 1500, 500 * time.Millisecond, 1000},
		"never again":          {[]line{acknowledged(1000), acknowledged(1010), failed(2000)}, 9010, 8 * time.Second, 1010},
		"nothing acknowledged": {[]line{failed(1000)}, 2000, 0, 0},
	} {
		gap, began := longestGap(c.lines, time.UnixMilli(c.ended))
		if gap != c.gap || c.gap > 0 && began.UnixMilli() != c.began {
			t.Errorf("%s: %v from %v, want %v from %v", name, gap, began.UnixMilli(), c.gap, c.began)
		}
	}
}

// TestKindsOfErrors: addresses make no kinds, and every library's word for a replica's refusal is known.
func TestKindsOfErrors(t *testing.T) {
	var r result
	r.add([]line{
		{At: 1, Error: "dial tcp 10.0.0.1:6379: connect: connection refused"},
		{At: 2, Error: "dial tcp 10.0.0.2:6379: connect: connection refused"},
	}, time.UnixMilli(3))
	if len(r.kinds) != 1 || r.errors() != 2 || r.refusedRounds != 0 {
		t.Errorf("%d errors of %v, %d rounds with a refusal", r.errors(), r.kinds, r.refusedRounds)
	}
	for _, refusal := range []string{
		"READONLY You can't write against a read only replica.", "ReadOnlyError: You can't write against a read only replica.",
		"ConnectionError: The previous master is now a slave",
	} {
		before := r.refusedRounds
		r.add([]line{{At: 4, Error: refusal}}, time.UnixMilli(5))
		if r.refusedRounds != before+1 {
			t.Errorf("%q is not known as a replica's refusal", refusal)
		}
	}
}
