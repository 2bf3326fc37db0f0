package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const tombstoneName = "tombstone.json"

// Tombstone stands in the folder of a release that retention took out of the
// catalog. The manifest stays, so the chain stays whole.
type Tombstone struct {
	Release  string    `json:"release"`
	SHA256   string    `json:"manifest_sha256"`
	Reason   string    `json:"reason"`
	User     string    `json:"user"`
	Host     string    `json:"host"`
	LeftAt   time.Time `json:"left_catalog_at"`
	RemoveAt time.Time `json:"files_removed_from"` // not before: sessions that opened the old catalog still read them
	Files    []string  `json:"files"`              // that are removed; all others stay
}

func readTombstone(folder string) (*Tombstone, error) {
	text, err := os.ReadFile(filepath.Join(folder, tombstoneName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	t := new(Tombstone)
	if err := json.Unmarshal(text, t); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(folder, tombstoneName), err)
	}
	return t, nil
}

// Tombstone gives the tombstone of a removed release.
func (m Manifest) Tombstone() Tombstone { return *m.tombstone }

// keptForEver are the relations that no retention removes: evidence of what was
// not taken, of what people decided, and of what was held.
var keptForEver = []string{"adjustments_records", "rejects", "structural_rejects", "controls", "findings"}

// removable are the files of a release that retention may remove.
func (m Manifest) removable() []string {
	var files []string
	for _, r := range m.Relations {
		if !slices.Contains(keptForEver, r.Name) {
			files = append(files, r.Files...)
		}
	}
	slices.Sort(files)
	return files
}

// RemovableBytes is how much retention may remove.
func (m Manifest) RemovableBytes() (bytes int64) {
	removable := m.removable()
	for _, f := range m.Files {
		if slices.Contains(removable, f.Name) {
			bytes += f.Bytes
		}
	}
	return bytes
}

// HasFiles tells whether any file that the release's tombstone names is still there.
func (w Warehouse) HasFiles(m Manifest) bool {
	return slices.ContainsFunc(m.Tombstone().Files, func(name string) bool {
		_, err := os.Lstat(filepath.Join(w.ReleaseFolder(m.AsOfDate, m.Release), name))
		return err == nil
	})
}

// Bury takes a release out of the catalog: a tombstone says so, and from when its
// files may be removed.
func (w Warehouse) Bury(m Manifest, reason string, now time.Time, grace time.Duration) error {
	me := Me(now)
	stone := Tombstone{Release: m.Release, SHA256: m.hash, Reason: reason, User: me.User, Host: me.Host,
		LeftAt: now.UTC(), RemoveAt: now.Add(grace).UTC(), Files: m.removable()}
	text, err := json.MarshalIndent(stone, "", "  ")
	if err != nil {
		return err
	}
	folder := w.ReleaseFolder(m.AsOfDate, m.Release)
	return w.opened(folder, func() error {
		return w.replace(filepath.Join(folder, tombstoneName), append(text, '\n'), 0o444)
	})
}

// RemoveFiles removes the files that a tombstone names, and what is prepared of the release.
func (w Warehouse) RemoveFiles(m Manifest) error {
	if err := w.removePrepared(m.Release); err != nil {
		return err
	}
	folder := w.ReleaseFolder(m.AsOfDate, m.Release)
	return w.opened(folder, func() error {
		for _, name := range m.tombstone.Files {
			if name != filepath.Base(name) || strings.HasPrefix(name, ".") || name == manifestName || name == tombstoneName {
				return fmt.Errorf("the tombstone of release %s names %q, which is no file of a release", m.Release, name)
			}
			if err := w.Disk.Remove(filepath.Join(folder, name)); err != nil {
				return err
			}
		}
		return nil
	})
}

// opened does something in the read-only folder of a release.
func (w Warehouse) opened(folder string, do func() error) error {
	if err := os.Chmod(folder, w.mode(0o755)); err != nil {
		return err
	}
	return errors.Join(do(), w.closeFolder(folder))
}
