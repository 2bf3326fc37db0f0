package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

const signaturesName = "signatures.jsonl"

// SignatureLog is the path of the log of signatures: outside of all packets, in the
// warehouse.
func (w Warehouse) SignatureLog() string { return filepath.Join(w.Root, signaturesName) }

// ChainedLine is what every line of a log has: its place, and the hash of the line
// before it, so that no line can be changed or taken out unseen.
type ChainedLine struct {
	Line     int    `json:"line"`
	Previous string `json:"previous_sha256"` // "" of the first
}

// ReadLog reads a log of JSON lines, each of which names the one before it. decode is
// given every line and gives its chain.
func ReadLog(path string, decode func(line []byte) (ChainedLine, error)) (last ChainedLine, err error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return ChainedLine{}, nil
	}
	if err != nil {
		return ChainedLine{}, err
	}
	if len(text) > 0 && text[len(text)-1] != '\n' {
		return ChainedLine{}, fmt.Errorf("%s: its last line is cut off", path)
	}
	for line := range bytes.Lines(text) {
		line = bytes.TrimSuffix(line, []byte("\n"))
		chain, err := decode(line)
		if err != nil {
			return last, fmt.Errorf("%s:%d: %w", path, last.Line+1, err)
		}
		if want := (ChainedLine{last.Line + 1, last.Previous}); chain != want {
			return last, fmt.Errorf("%s:%d: the line does not follow the one before it: a line was changed, taken out or put in", path, last.Line+1)
		}
		last = ChainedLine{last.Line + 1, hashOf(line)}
	}
	return last, nil
}

// AppendSignature adds a line to the log of signatures, in one go. The caller holds
// the lock.
func (w Warehouse) AppendSignature(entry any) error {
	text, err := os.ReadFile(w.SignatureLog())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	line, err := json.Marshal(entry)
	if err != nil {
		return err
	}
	return w.replace(w.SignatureLog(), append(append(text, line...), '\n'), 0o644)
}
