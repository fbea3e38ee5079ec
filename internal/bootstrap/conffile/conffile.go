// SPDX-License-Identifier: Apache-2.0

// Package conffile writes the files that servers start from.
package conffile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Replace replaces a file in one rename: a server that starts meanwhile reads the old one or the new one.
func Replace(dir, name, text string, mode os.FileMode) error {
	temporary, err := os.CreateTemp(dir, "."+name+"-*")
	if err != nil {
		return fmt.Errorf("writing %s: %w", filepath.Join(dir, name), err)
	}
	defer os.Remove(temporary.Name()) //nolint:errcheck // it is gone when all went well
	_, err = temporary.WriteString(text)
	if err = errors.Join(err, temporary.Chmod(mode), temporary.Sync(), temporary.Close()); err == nil {
		err = os.Rename(temporary.Name(), filepath.Join(dir, name))
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", filepath.Join(dir, name), err)
	}
	return nil
}
