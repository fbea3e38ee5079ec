// SPDX-License-Identifier: Apache-2.0

// Package image makes container images from files of this machine, as archives
// that containerd imports: no Docker, no registry.
package image

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"time"
)

// entry is one file of an image.
type entry struct {
	kind   byte // tar.TypeReg, TypeDir or TypeSymlink
	mode   int64
	owner  int // user
	group  int
	text   string // content, or the target of a link
	source string // file to copy, if there is no text
}

// Tree is the file system of an image, by absolute paths.
type Tree map[string]entry

// Dir adds a folder of a user and the group of the same number.
func (t Tree) Dir(name string, mode int64, owner int) {
	t[path.Clean(name)] = entry{kind: tar.TypeDir, mode: mode, owner: owner, group: owner}
}

// SharedDir adds a folder of a user that root's group may write to: whoever has
// no account in an image is in that group.
func (t Tree) SharedDir(name string, owner int) {
	t[path.Clean(name)] = entry{kind: tar.TypeDir, mode: 0o775, owner: owner}
}

// Text adds a file with this content.
func (t Tree) Text(name string, mode int64, text string) {
	t[path.Clean(name)] = entry{kind: tar.TypeReg, mode: mode, text: text}
}

// Copy adds a file of this machine.
func (t Tree) Copy(name, source string, mode int64) {
	t[path.Clean(name)] = entry{kind: tar.TypeReg, mode: mode, source: source}
}

// Link adds a symbolic link.
func (t Tree) Link(name, target string) {
	t[path.Clean(name)] = entry{kind: tar.TypeSymlink, mode: 0o777, text: target}
}

// withParents returns the tree with the folders that its paths imply.
func (t Tree) withParents() Tree {
	whole := maps.Clone(t)
	for name := range t {
		for dir := path.Dir(name); dir != "/"; dir = path.Dir(dir) {
			if _, known := whole[dir]; !known {
				whole.Dir(dir, 0o755, 0)
			}
		}
	}
	return whole
}

// write writes the tree as a tar that depends on nothing but the tree.
func (t Tree) write(out io.Writer) error {
	whole := t.withParents()
	archive := tar.NewWriter(out)
	for _, name := range slices.Sorted(maps.Keys(whole)) {
		if err := writeEntry(archive, strings.TrimPrefix(name, "/"), whole[name]); err != nil {
			return fmt.Errorf("packing %s: %w", name, err)
		}
	}
	return archive.Close()
}

func writeEntry(archive *tar.Writer, name string, e entry) error {
	header := &tar.Header{
		Typeflag: e.kind, Name: name, Mode: e.mode, Uid: e.owner, Gid: e.group,
		ModTime: time.Unix(0, 0), Format: tar.FormatPAX,
	}
	switch e.kind {
	case tar.TypeSymlink:
		header.Linkname = e.text
		return archive.WriteHeader(header)
	case tar.TypeDir:
		header.Name += "/"
		return archive.WriteHeader(header)
	}
	content, err := e.content()
	if err != nil {
		return err
	}
	header.Size = int64(len(content))
	if err = archive.WriteHeader(header); err != nil {
		return err
	}
	_, err = archive.Write(content)
	return err
}

func (e entry) content() ([]byte, error) {
	if e.source == "" {
		return []byte(e.text), nil
	}
	return os.ReadFile(e.source)
}

// digest identifies the tree: its paths, modes and contents.
func (t Tree) digest() (string, error) {
	sum := sha256.New()
	if err := t.write(sum); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
