// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide/decidetest"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

const simulation = "internal/bootstrap/simtest"

var (
	// reference is `package: name`, or `name` alone where a list goes on in the package before.
	reference = regexp.MustCompile("`(?:((?:internal|test|cmd)/[a-z0-9/]+): )?([A-Za-z][A-Za-z0-9]*)`")
	// qualified is a reference with its package.
	qualified = regexp.MustCompile("`(?:internal|test|cmd)/[a-z0-9/]+: [^`]*`")
	// list is one qualified reference and those that follow it with nothing but commas between.
	list = regexp.MustCompile("`(?:internal|test|cmd)/[a-z0-9/]+: [A-Za-z0-9]+`(?:[,;]?\\s+`(?:(?:internal|test|cmd)/[a-z0-9/]+: )?[A-Za-z0-9]+`)*")
)

// TestProtocolNamesWhatExists: a function or test that was renamed or deleted is named nowhere in docs/protocol.md.
func TestProtocolNamesWhatExists(t *testing.T) {
	text := read(t, "docs", "protocol.md")
	found, inLists := 0, 0
	for _, names := range list.FindAllString(text, -1) {
		inLists += len(qualified.FindAllString(names, -1))
		folder := ""
		for _, match := range reference.FindAllStringSubmatch(names, -1) {
			if match[1] != "" {
				folder = match[1]
			}
			found++
			s := sourceOf(t, folder)
			if exists := s.code[match[2]]; !exists && !isTest(match[2]) {
				t.Errorf("%s declares no %s", folder, match[2])
			}
			if isTest(match[2]) && !s.tests[match[2]] {
				t.Errorf("%s has no test %s", folder, match[2])
			}
		}
	}
	if all := len(qualified.FindAllString(text, -1)); found < 150 || inLists != all {
		t.Errorf("%d names were read, and %d of %d packages: the patterns of this test do not fit the page", found, inLists, all)
	}
}

func isTest(name string) bool {
	return strings.HasPrefix(name, "Test") || strings.HasPrefix(name, "Fuzz")
}

// TestProtocolHasEverySituation: the rows of the page are those that the deciders' tables are written under, and each names code and
// tests.
func TestProtocolHasEverySituation(t *testing.T) {
	page := read(t, "docs", "protocol.md")
	var rows []string
	for _, cells := range table(t, page, "| situation | right answer | held by | tests |") {
		rows = append(rows, cells[0])
		if len(cells) != 4 || cells[1] == "" {
			t.Errorf("%s: %d cells, want four", cells[0], len(cells))
			continue
		}
		checkNames(t, cells[0], cells[2], cells[3])
	}
	if !slices.Equal(rows, decidetest.Rows) {
		t.Errorf("the situations are\n%q\nand those of the tables\n%q", rows, decidetest.Rows)
	}
	for _, heading := range decidetest.RowsBeside {
		if !strings.Contains(page, "\n### "+heading+"\n") {
			t.Errorf("no section is called %q", heading)
		}
	}
}

// checkNames holds that a row names code in one cell and tests in the other.
func checkNames(t *testing.T, row, code, tests string) {
	t.Helper()
	for _, name := range namesIn(code) {
		if isTest(name) {
			t.Errorf("%s: %s is a test, and no code that holds it", row, name)
		}
	}
	for _, name := range namesIn(tests) {
		if !isTest(name) {
			t.Errorf("%s: %s is no test", row, name)
		}
	}
	for _, cell := range []string{code, tests} {
		if len(namesIn(cell)) == 0 || list.FindString(cell) != cell {
			t.Errorf("%s: this is no list of names: %s", row, cell)
		}
	}
}

func namesIn(cell string) []string {
	var names []string
	for _, match := range reference.FindAllStringSubmatch(cell, -1) {
		names = append(names, match[2])
	}
	return names
}

// TestProtocolNamesReasonsThatExist: what an agent beside a Sentinel does is named by the reason that it gives.
func TestProtocolNamesReasonsThatExist(t *testing.T) {
	for _, cells := range table(t, read(t, "docs", "protocol.md"), "| what is so | what the agent beside a Sentinel does |") {
		reasons := namesIn(cells[1])
		if len(reasons) == 0 {
			t.Errorf("no reason for %q", cells[0])
		}
		for _, r := range reasons {
			if !slices.Contains(model.Reasons(), model.Reason(r)) {
				t.Errorf("%q: no agent gives the reason %s", cells[0], r)
			}
		}
	}
}

// TestProtocolHasEveryRule: each rule of the simulation stands in the row of its number, with its name in the code and its words.
func TestProtocolHasEveryRule(t *testing.T) {
	rows := invariants(t)
	rules := rulesOf(t)
	if len(rules) < 12 {
		t.Fatalf("only %d rules were found: this test does not fit rules.go", len(rules))
	}
	for name, words := range rules {
		number, meaning, _ := strings.Cut(words, " ")
		if row, ok := rows[number]; !ok || !strings.Contains(row[2], "`"+name+"`: "+meaning) {
			t.Errorf("%s: the row does not have `%s`: %s", number, name, meaning)
		}
	}
	for number, row := range rows {
		for _, match := range regexp.MustCompile("`([A-Za-z]+)`: ").FindAllStringSubmatch(row[2], -1) {
			if rules[match[1]] == "" {
				t.Errorf("%s: the simulation has no rule %s", number, match[1])
			}
		}
		checkNames(t, number, row[3], row[4])
	}
}

// TestProtocolNamesEveryPlantedDesign: each stands in the row of a rule that may catch it, and no other is named.
func TestProtocolNamesEveryPlantedDesign(t *testing.T) {
	rules, caught := rulesOf(t), plantsOf(t)
	named := map[string]bool{}
	for number, row := range invariants(t) {
		for _, match := range regexp.MustCompile(`"([^"]+)"`).FindAllStringSubmatch(row[5], -1) {
			design := match[1]
			named[design] = true
			if !slices.ContainsFunc(caught[design], func(rule string) bool { return strings.HasPrefix(rules[rule], number+" ") }) {
				t.Errorf("%s: no rule of this row catches a planted design %q", number, design)
			}
		}
	}
	if len(caught) < 15 {
		t.Fatalf("only %d planted designs were found: this test does not fit planted_test.go", len(caught))
	}
	for design := range caught {
		if !named[design] {
			t.Errorf("the planted design %q stands in no row", design)
		}
	}
}

// TestProtocolUsesItsGlossary: a word that the page explains and does not use belongs to something else.
func TestProtocolUsesItsGlossary(t *testing.T) {
	text, glossary, found := strings.Cut(read(t, "docs", "protocol.md"), "\n## Glossary\n")
	if !found {
		t.Fatal("no glossary")
	}
	var words []string
	for _, cells := range table(t, glossary, "| word | meaning |") {
		words = append(words, cells[0])
		if !regexp.MustCompile(`(?i)\b` + cells[0] + `(s|ed|es|d|ing)?\b`).MatchString(text) {
			t.Errorf("the page does not use %q", cells[0])
		}
	}
	if len(words) < 25 || !slices.IsSortedFunc(words, func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) }) {
		t.Errorf("few words, or not in order: %q", words)
	}
}

// invariants are the rows of the page by number, in order: S1 to S9, L1 and L2.
func invariants(t *testing.T) map[string][]string {
	t.Helper()
	rows, order := map[string][]string{}, []string{}
	for _, cells := range table(t, read(t, "docs", "protocol.md"), "| | what holds | rule | kept by | tests | planted |") {
		if len(cells) != 6 {
			t.Fatalf("%s: %d cells, want six", cells[0], len(cells))
		}
		rows[cells[0]] = cells
		order = append(order, cells[0])
	}
	if want := []string{"S1", "S2", "S3", "S4", "S5", "S6", "S7", "S8", "S9", "S10", "S11", "L1", "L2"}; !slices.Equal(order, want) {
		t.Errorf("the invariants are %q, want %q", order, want)
	}
	return rows
}

// rulesOf are the constants of type Rule of the simulation, with what they say.
func rulesOf(t *testing.T) map[string]string {
	t.Helper()
	rules := map[string]string{}
	for _, d := range parseFolder(t, simulation)["rules.go"].Decls {
		constants, ok := d.(*ast.GenDecl)
		if !ok || constants.Tok != token.CONST {
			continue
		}
		for _, spec := range constants.Specs {
			value, ok := spec.(*ast.ValueSpec)
			if !ok {
				continue
			}
			if kind, ok := value.Type.(*ast.Ident); !ok || kind.Name != "Rule" {
				continue
			}
			for i, name := range value.Names {
				rules[name.Name] = literal(t, value.Values[i])
			}
		}
	}
	return rules
}

// plantsOf are the designs of the simulation's variable plants, with the rules that may catch each.
func plantsOf(t *testing.T) map[string][]string {
	t.Helper()
	designs := map[string][]string{}
	ast.Inspect(parseFolder(t, simulation)["planted_test.go"], func(n ast.Node) bool {
		value, ok := n.(*ast.ValueSpec)
		if !ok || value.Names[0].Name != "plants" {
			return true
		}
		for _, element := range value.Values[0].(*ast.CompositeLit).Elts {
			plant := element.(*ast.CompositeLit).Elts
			var rules []string
			for _, rule := range plant[1].(*ast.CompositeLit).Elts {
				rules = append(rules, rule.(*ast.Ident).Name)
			}
			designs[literal(t, plant[0])] = rules
		}
		return false
	})
	return designs
}

func literal(t *testing.T, e ast.Expr) string {
	t.Helper()
	text, ok := e.(*ast.BasicLit)
	if !ok {
		t.Fatalf("%T is no literal", e)
	}
	value, err := strconv.Unquote(text.Value)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// table returns the cells of the rows under a heading.
func table(t *testing.T, page, heading string) [][]string {
	t.Helper()
	_, after, found := strings.Cut(page, "\n"+heading+"\n")
	if !found {
		t.Fatalf("no table has the heading %s", heading)
	}
	var rows [][]string
	for line := range strings.Lines(after) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "|") {
			break
		}
		if strings.Trim(line, "|- ") == "" {
			continue
		}
		cells := strings.Split(strings.TrimSuffix(strings.TrimPrefix(line, "|"), "|"), " | ")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		rows = append(rows, cells)
	}
	return rows
}
