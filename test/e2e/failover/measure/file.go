// SPDX-License-Identifier: Apache-2.0

package measure

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// Encode is one line of a file of results: a Run or a Round.
func Encode(line any) ([]byte, error) {
	text, err := json.Marshal(line)
	if err != nil {
		return nil, fmt.Errorf("encoding a result: %w", err)
	}
	return append(text, '\n'), nil
}

// Decode reads a file of results. A last line that was cut off, as by a loss of power, is ignored.
func Decode(in io.Reader) (runs []Run, rounds []Round, err error) {
	reader := bufio.NewReader(in)
	for number := 1; ; number++ {
		line, err := reader.ReadBytes('\n')
		if err == io.EOF {
			return runs, rounds, nil
		}
		if err != nil {
			return nil, nil, fmt.Errorf("reading results: %w", err)
		}
		if bytes.HasPrefix(line, []byte(`{"run":`)) {
			var run Run
			if err := json.Unmarshal(line, &run); err != nil {
				return nil, nil, fmt.Errorf("reading line %d of the results: %w", number, err)
			}
			runs = append(runs, run)
			continue
		}
		var round Round
		if err := json.Unmarshal(line, &round); err != nil {
			return nil, nil, fmt.Errorf("reading line %d of the results: %w", number, err)
		}
		rounds = append(rounds, round)
	}
}
