// SPDX-License-Identifier: Apache-2.0

package casebook

import "testing"

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
