// SPDX-License-Identifier: Apache-2.0

package casebook

import (
	"strings"
	"testing"
)

func TestARowFailsWithOneOfItsTests(t *testing.T) {
	row := append(In("a", "TestX", "TestY"), In("test/e2e", "TestZ")...)
	results := map[Test]Result{{"a", "TestX"}: {Word: "pass"}, {"a", "TestY"}: {Word: "pass"}}
	if word, _ := Judge(row, results, Test.NeedsCluster); word != "pass" {
		t.Errorf("got %s, want pass", word)
	}
	for _, word := range []string{"fail", "skip", ""} {
		results[Test{"a", "TestY"}] = Result{Word: word}
		if got, _ := Judge(row, results, Test.NeedsCluster); got != "FAIL" {
			t.Errorf("one test %q: got %s, want FAIL", word, got)
		}
	}
	results[Test{"a", "TestY"}] = Result{Word: "pass"}
	if got, _ := Judge(row, results, func(Test) bool { return false }); got != "FAIL" {
		t.Errorf("a test that had to run and did not: got %s, want FAIL", got)
	}
}

// TestWhatATestSaidThatDoesNotEnd is kept: when a directory's time is over, it is all that there is to find the cause.
func TestWhatATestSaidThatDoesNotEnd(t *testing.T) {
	results := map[Test]Result{}
	said := read(strings.NewReader(`{"Action":"run","Test":"TestX"}
{"Action":"output","Test":"TestX/one","Output":"waits\n"}
{"Action":"output","Output":"panic: test timed out\n"}
{"Action":"run","Test":"TestY"}
{"Action":"pass","Test":"TestY"}
`), "a", results)
	if got := results[Test{"a", "TestX"}].Word; got != "" {
		t.Errorf("a test without an end has the result %q", got)
	}
	if got := results[Test{"a", "TestY"}].Word; got != "pass" {
		t.Errorf("a test that passed has the result %q", got)
	}
	if got := strings.Join(append(said["TestX"], said[""]...), ""); got != "waits\npanic: test timed out\n" {
		t.Errorf("it said %q", got)
	}
}
