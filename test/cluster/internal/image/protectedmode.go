// SPDX-License-Identifier: Apache-2.0

package image

import (
	"bytes"
	"context"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// The official image is compiled with the default of protected-mode changed to
// "no". An option on the command line is not the same: it would win over the
// user's configuration file, and be missing where a pod calls redis-server
// without the entrypoint. So the default is changed in the program itself: in
// its table of settings, whose entries begin with a pointer to their name.
const (
	settingName = "protected-mode"
	// defaultOffset is where an entry of the table has its default: behind
	// name, alias, flags, five functions and a pointer, on a 64-bit machine.
	defaultOffset = 72
)

var errOtherTable = errors.New("this redis-server lays out its settings in another way than Redis 7.0 does: it has no protected-mode to turn off where it is looked for")

// withoutProtectedMode copies a redis-server to a file and turns off protected
// mode in the copy, and then asks the copy whether that is so.
func withoutProtectedMode(ctx context.Context, from, to string) error {
	err := copyFile(from, to, func(program []byte) error {
		offset, err := findDefault(program)
		if err != nil {
			return err
		}
		binary.LittleEndian.PutUint32(program[offset:], 0)
		return nil
	})
	if err != nil {
		return fmt.Errorf("turning off protected mode in %s: %w", from, err)
	}
	value, err := askSetting(ctx, to)
	if err != nil {
		return fmt.Errorf("turning off protected mode in %s: %w", from, err)
	}
	if value != "no" {
		return fmt.Errorf("turning off protected mode in %s: the changed copy says %q", from, value)
	}
	return nil
}

// findDefault returns where in the program the default of protected-mode is.
func findDefault(program []byte) (offset uint64, err error) {
	file, err := elf.NewFile(bytes.NewReader(program))
	if err != nil {
		return 0, err
	}
	if file.Class != elf.ELFCLASS64 || file.ByteOrder != binary.LittleEndian {
		return 0, errOtherTable
	}
	names := map[uint64]bool{}
	for at := 0; ; {
		i := bytes.Index(program[at:], []byte(settingName+"\x00"))
		if i < 0 {
			break
		}
		at += i
		if address, mapped := addressOf(file, uint64(at)); mapped {
			names[address] = true
		}
		at++
	}
	var found []uint64
	for _, entry := range pointersTo(file, names) {
		offset, mapped := offsetOf(file, entry+defaultOffset)
		if mapped && offset+4 <= uint64(len(program)) && binary.LittleEndian.Uint32(program[offset:]) == 1 {
			found = append(found, offset)
		}
	}
	if len(found) != 1 {
		return 0, errOtherTable
	}
	return found[0], nil
}

// pointersTo returns where the loader writes pointers to these addresses.
func pointersTo(file *elf.File, targets map[uint64]bool) []uint64 {
	section := file.Section(".rela.dyn")
	if section == nil {
		return nil
	}
	data, err := section.Data()
	if err != nil {
		return nil
	}
	var places []uint64
	const size = 24 // of an entry: place, kind, address
	for ; len(data) >= size; data = data[size:] {
		if targets[binary.LittleEndian.Uint64(data[16:])] {
			places = append(places, binary.LittleEndian.Uint64(data))
		}
	}
	return places
}

func addressOf(file *elf.File, offset uint64) (uint64, bool) {
	for _, p := range file.Progs {
		if p.Type == elf.PT_LOAD && offset >= p.Off && offset < p.Off+p.Filesz {
			return p.Vaddr + offset - p.Off, true
		}
	}
	return 0, false
}

func offsetOf(file *elf.File, address uint64) (uint64, bool) {
	for _, p := range file.Progs {
		if p.Type == elf.PT_LOAD && address >= p.Vaddr && address < p.Vaddr+p.Filesz {
			return p.Off + address - p.Vaddr, true
		}
	}
	return 0, false
}

// askSetting starts the server for a moment and asks for its protected-mode.
func askSetting(ctx context.Context, server string) (string, error) {
	dir, err := os.MkdirTemp("", "redis-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	socket := filepath.Join(dir, "s")
	cmd := exec.CommandContext(ctx, server, "--port", "0", "--unixsocket", socket, "--save", "", "--dir", dir)
	if err := cmd.Start(); err != nil {
		return "", err
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	for {
		out, err := output(ctx, "redis-cli", "-s", socket, "CONFIG", "GET", settingName)
		if lines := strings.Fields(out); err == nil && len(lines) == 2 {
			return lines[1], nil
		}
		select {
		case <-ctx.Done():
			return "", fmt.Errorf("%s does not answer: %w", server, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
