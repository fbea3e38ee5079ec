// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// stage is one run of tests, cheap ones first.
type stage struct {
	name string
	// packages are those whose tests run, and with what.
	packages []string
	flags    []string
}

// verdict is what became of a mutant.
type verdict struct {
	mutant
	// by is the stage that noticed it, and test the first test that failed there; both are empty for a survivor.
	by, test string
	// invalid: it does not compile.
	invalid bool
	took    time.Duration
}

// laboratory tries mutants.
type laboratory struct {
	root, dir string
	stages    []stage
	// most is the longest that a stage may take; a mutant that hangs is noticed.
	most time.Duration
	// testsOf has what the tests of each package import, in directories from the root.
	testsOf map[string][]string
}

// try lets a mutant meet the stages until one notices it.
func (l *laboratory) try(ctx context.Context, number int, m mutant) (verdict, error) {
	began, v := time.Now(), verdict{mutant: m}
	overlay, err := l.overlay(number, m)
	if err != nil {
		return v, err
	}
	for _, s := range l.stagesOf(m) {
		noticed, output, err := l.run(ctx, overlay, s.packages, s.flags)
		if err != nil {
			return v, err
		}
		if noticed {
			v.invalid = bytes.Contains(output, []byte("[build failed]"))
			v.by, v.test, v.took = s.name, firstFailure(output), time.Since(began)
			return v, nil
		}
	}
	v.took = time.Since(began)
	return v, nil
}

// stagesOf are the tests that can notice a mutant: those of its own package, then those that use it.
func (l *laboratory) stagesOf(m mutant) []stage {
	all := []stage{{"own", []string{m.pkg()}, []string{"-short"}}}
	for _, s := range l.stages {
		s.packages = slices.DeleteFunc(slices.Clone(s.packages), func(p string) bool { return p == m.pkg() || !slices.Contains(l.testsOf[p], m.pkg()) })
		if len(s.packages) > 0 {
			all = append(all, s)
		}
	}
	return all
}

// overlay writes the changed file and tells the compiler of it.
func (l *laboratory) overlay(number int, m mutant) (string, error) {
	file := filepath.Join(l.root, m.file)
	source, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("reading code: %w", err)
	}
	changed := filepath.Join(l.dir, fmt.Sprintf("%d.go", number))
	index, err := json.Marshal(map[string]map[string]string{"Replace": {file: changed}})
	if err != nil {
		return "", fmt.Errorf("telling the compiler of a mutant: %w", err)
	}
	overlay := filepath.Join(l.dir, fmt.Sprintf("%d.json", number))
	if err := errors.Join(os.WriteFile(changed, m.apply(source), 0o600), os.WriteFile(overlay, index, 0o600)); err != nil {
		return "", fmt.Errorf("writing a mutant: %w", err)
	}
	return overlay, nil
}

// run runs tests and reports whether any failed.
func (l *laboratory) run(ctx context.Context, overlay string, packages, flags []string) (failed bool, output []byte, err error) {
	args := []string{"test", "-overlay", overlay, "-vet=off", "-failfast", "-timeout", l.most.String()}
	for _, p := range packages {
		args = append(args, "./"+p)
	}
	cmd := exec.CommandContext(ctx, "go", append(args, flags...)...)
	cmd.Dir = l.root
	output, err = cmd.CombinedOutput()
	if failure := (*exec.ExitError)(nil); errors.As(err, &failure) && ctx.Err() == nil {
		return true, output, nil
	}
	if err != nil {
		return false, output, fmt.Errorf("running tests: %w", err)
	}
	return false, output, nil
}

// firstFailure is the deepest name in the first chain of failed tests, or the way in which the run ended.
func firstFailure(output []byte) string {
	name := ""
	for line := range strings.Lines(string(output)) {
		trimmed := strings.TrimSpace(line)
		switch rest, failed := strings.CutPrefix(trimmed, "--- FAIL: "); {
		case failed:
			name, _, _ = strings.Cut(rest, " (")
		case strings.HasPrefix(trimmed, "panic:") && name == "":
			name = trimmed
		case name != "" && !strings.HasPrefix(line, " "):
			return name
		}
	}
	return name
}

// imports finds what the tests of packages import, directly or not.
func imports(ctx context.Context, root string, packages []string) (map[string][]string, error) {
	found := map[string][]string{}
	for _, p := range packages {
		cmd := exec.CommandContext(ctx, "go", "list", "-deps", "-test", "-f", "{{.Dir}}", "./"+p)
		cmd.Dir = root
		output, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("listing what the tests of %s import: %w", p, err)
		}
		for dir := range strings.FieldsSeq(string(output)) {
			if inside, err := filepath.Rel(root, dir); err == nil && filepath.IsLocal(inside) {
				found[p] = append(found[p], inside)
			}
		}
	}
	return found, nil
}
