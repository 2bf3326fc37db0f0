package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// preparedKind is the folder of what is prepared of releases: what follows from one of
// them alone and takes long to find. Nothing is lost with it.
const preparedKind = "prepared"

// prepared is a file of that folder.
type prepared struct {
	Release string          `json:"release"`
	Of      string          `json:"of"`     // what the value follows from
	SHA256  string          `json:"sha256"` // of the value's text
	Value   json.RawMessage `json:"value"`
}

// ReadPrepared reads what is prepared of a release, where it follows from the same: the
// manifest of the release and what by says. A file that is damaged is none.
func (w Warehouse) ReadPrepared(m Manifest, what, by string, value any) (bool, error) {
	text, err := os.ReadFile(w.preparedFile(m.Release, what))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	var p prepared
	if json.Unmarshal(text, &p) != nil || p.Of != preparedOf(m, by) || p.SHA256 != hashOf(p.Value) {
		return false, nil
	}
	if err := json.Unmarshal(p.Value, value); err != nil {
		return false, fmt.Errorf("%s: %w", w.preparedFile(m.Release, what), err)
	}
	return true, nil
}

// WritePrepared keeps what is prepared of a release.
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
	paths, err := filepath.Glob(w.preparedFile(release, "*"))
	for _, path := range paths {
		err = errors.Join(err, w.Disk.Remove(path))
	}
	return err
}
