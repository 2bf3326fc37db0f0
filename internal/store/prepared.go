package store

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
)

// preparedKind is the folder of what follows from a release alone and takes long to find.
// It may be removed at any time: what it has can be found again.
const preparedKind = "prepared"

// prepared is a file of that folder.
type prepared struct {
	Release string          `json:"release"`
	Of      string          `json:"of"`     // hash of what the value follows from
	SHA256  string          `json:"sha256"` // of the value's text
	Value   json.RawMessage `json:"value"`
}

// ReadPrepared reads what was prepared of a release. It is not there where it was prepared
// of another manifest or with another by, nor where it cannot be read: what is prepared
// can always be found again.
func ReadPrepared[T any](w Warehouse, m Manifest, what, by string) (value T, there bool) {
	var none T
	text, err := os.ReadFile(w.preparedFile(m.Release, what))
	var p prepared
	if err != nil || json.Unmarshal(text, &p) != nil || p.Of != preparedOf(m, by) || p.SHA256 != hashOf(p.Value) || json.Unmarshal(p.Value, &value) != nil {
		return none, false
	}
	return value, true
}

// WritePrepared keeps what is prepared of a release. The caller holds the lock.
func (w Warehouse) WritePrepared(m Manifest, what, by string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	path := w.preparedFile(m.Release, what)
	if err := os.MkdirAll(filepath.Dir(path), w.mode(0o755)); err != nil {
		return err
	}
	if text, err = json.Marshal(prepared{m.Release, preparedOf(m, by), hashOf(text), text}); err != nil {
		return err
	}
	return w.replace(path, append(text, '\n'), 0o644)
}

// PreparedFolder is where all that is prepared stands.
func (w Warehouse) PreparedFolder() string { return filepath.Join(w.Root, preparedKind) }

func (w Warehouse) preparedFile(release, what string) string {
	return filepath.Join(w.PreparedFolder(), release+"."+what+".json")
}

func preparedOf(m Manifest, by string) string { return hashOf([]byte(m.Hash() + "\n" + by)) }

// removePrepared removes all that is prepared of a release.
func (w Warehouse) removePrepared(release string) error {
	files, err := listed(w.PreparedFolder(), release+".")
	for _, file := range files {
		err = errors.Join(err, w.Disk.Remove(file))
	}
	return err
}
