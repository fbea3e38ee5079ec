// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// mutant is one change of one file.
type mutant struct {
	// file is its path from the root of the module, and line where the change begins.
	file string
	line int
	// begin and end are the bytes that are replaced by text.
	begin, end int
	text       string
	// kind says what sort of change it is; of a chosen one, why it was chosen.
	kind string
}

// String names the mutant.
func (m mutant) String() string { return fmt.Sprintf("%s:%d: %s", m.file, m.line, m.kind) }

// pkg is the directory of its package.
func (m mutant) pkg() string { return filepath.Dir(m.file) }

// apply is the file with the change.
func (m mutant) apply(source []byte) []byte {
	return bytes.Join([][]byte{source[:m.begin], source[m.end:]}, []byte(m.text))
}

// difference shows the lines that change.
func (m mutant) difference(source []byte) string {
	from := bytes.LastIndexByte(source[:m.begin], '\n') + 1
	to := m.end
	if i := bytes.IndexByte(source[m.end:], '\n'); i >= 0 {
		to += i
	}
	var b strings.Builder
	for line := range strings.Lines(string(source[from:to])) {
		b.WriteString("- " + strings.TrimRight(line, "\n") + "\n")
	}
	for line := range strings.Lines(string(source[from:m.begin]) + m.text + string(source[m.end:to])) {
		b.WriteString("+ " + strings.TrimRight(line, "\n") + "\n")
	}
	return b.String()
}

// chosen reads mutants from a file: blocks that are parted by empty lines, of a line "path: why" and lines that begin with "- " for the
// text that is there, once, and "+ " for what replaces it. The second result has what does not fit the code any more.
func chosen(root, file string) (all []mutant, gone []string, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, nil, fmt.Errorf("reading chosen mutants: %w", err)
	}
	for block := range strings.SplitSeq(string(text), "\n\n") {
		var path, why string
		var was, becomes []string
		for line := range strings.Lines(block) {
			line = strings.TrimRight(line, "\n")
			switch {
			case strings.HasPrefix(line, "- "):
				was = append(was, line[2:])
			case strings.HasPrefix(line, "+ "):
				becomes = append(becomes, line[2:])
			case line != "" && !strings.HasPrefix(line, "#"):
				path, why, _ = strings.Cut(line, ": ")
			}
		}
		if path == "" {
			continue
		}
		source, err := os.ReadFile(filepath.Join(root, path))
		old := strings.Join(was, "\n")
		if err != nil || old == "" || bytes.Count(source, []byte(old)) != 1 {
			gone = append(gone, path+": "+why)
			continue
		}
		at := bytes.Index(source, []byte(old))
		all = append(all, mutant{
			file: path, line: 1 + bytes.Count(source[:at], []byte("\n")), kind: why,
			begin: at, end: at + len(old), text: strings.Join(becomes, "\n"),
		})
	}
	return all, gone, nil
}
