// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// place is where a page wants a sample: the program, and the names of its parts.
var place = regexp.MustCompile(`(?s)<!-- sample ([a-z/.]+):([a-z ]+) -->\n.*?<!-- end -->`)

// languages are those of the samples, by the ends of the programs' names.
var languages = map[string]string{".py": "python", ".mjs": "js", ".sh": "sh", ".go": "go"}

// writeSamples puts the programs' own text into a page.
func writeSamples(page, folder string) error {
	text, err := os.ReadFile(page)
	if err != nil {
		return fmt.Errorf("writing samples: %w", err)
	}
	written, err := withSamples(string(text), folder)
	if err != nil {
		return fmt.Errorf("writing samples into %s: %w", page, err)
	}
	if err = os.WriteFile(page, []byte(written), 0o644); err != nil {
		return fmt.Errorf("writing samples: %w", err)
	}
	return nil
}

// withSamples is the text of a page with each sample as its program has it now.
func withSamples(page, folder string) (string, error) {
	var failed error
	written := place.ReplaceAllStringFunc(page, func(old string) string {
		match := place.FindStringSubmatch(old)
		program, err := os.ReadFile(filepath.Join(folder, match[1]))
		if err != nil {
			failed = err
			return old
		}
		var parts []string
		for name := range strings.FieldsSeq(match[2]) {
			part, err := sample(string(program), name)
			if err != nil {
				failed = fmt.Errorf("%s: %w", match[1], err)
				return old
			}
			parts = append(parts, part)
		}
		language := languages[filepath.Ext(match[1])]
		return fmt.Sprintf("<!-- sample %s:%s -->\n```%s\n%s\n```\n<!-- end -->", match[1], match[2], language, strings.Join(parts, "\n\n"))
	})
	return written, failed
}

// sample is the part of a program between a comment that says sample and its name, and one that says end, without the indentation
// that all its lines have.
func sample(program, name string) (string, error) {
	begin := regexp.MustCompile(`(?m)^[ \t]*(?:#|//) sample: ` + regexp.QuoteMeta(name) + `\n`).FindStringIndex(program)
	if begin == nil {
		return "", fmt.Errorf("it has no sample %q", name)
	}
	part := program[begin[1]:]
	end := regexp.MustCompile(`(?m)^[ \t]*(?:#|//) end$`).FindStringIndex(part)
	if end == nil {
		return "", fmt.Errorf("its sample %q has no end", name)
	}
	lines := strings.Split(strings.Trim(part[:end[0]], "\n"), "\n")
	indentation := lines[0][:len(lines[0])-len(strings.TrimLeft(lines[0], " \t"))]
	for i, line := range lines {
		lines[i] = strings.TrimPrefix(line, indentation)
	}
	return strings.Join(lines, "\n"), nil
}

// writeBlock puts a text between the two comments of a page that name it.
func writeBlock(page, name, text string) error {
	old, err := os.ReadFile(page)
	if err != nil {
		return fmt.Errorf("writing what was measured: %w", err)
	}
	begin, end := "<!-- "+name+" -->\n", "<!-- end of "+name+" -->"
	before, rest, found := strings.Cut(string(old), begin)
	_, after, ends := strings.Cut(rest, end)
	if !found || !ends {
		return fmt.Errorf("writing what was measured: %s has no %q", page, begin)
	}
	if err = os.WriteFile(page, []byte(before+begin+strings.TrimSpace(text)+"\n"+end+after), 0o644); err != nil {
		return fmt.Errorf("writing what was measured: %w", err)
	}
	return nil
}
