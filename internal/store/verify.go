package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// VerifyChain reads every manifest and holds the chain: each release names the one
// before it with the hash of its manifest, and chain.json names the last. It gives
// the manifests that could be read, and what is wrong.
func (w Warehouse) VerifyChain() (manifests []Manifest, faults []string, err error) {
	// Read first: a run that publishes meanwhile moves it ahead of what is read here.
	head, err := w.readHead()
	if err != nil {
		return nil, nil, err
	}
	folders, err := w.releaseFolders("", "")
	if err != nil {
		return nil, nil, err
	}
	for _, folder := range folders {
		m, err := readManifest(folder)
		if err != nil {
			faults = append(faults, fmt.Sprintf("%s: %v", w.shown(folder), err))
			continue
		}
		if w.ReleaseFolder(m.AsOfDate, m.Release) != folder {
			faults = append(faults, fmt.Sprintf("%s: its manifest is that of release %s of %s", w.shown(folder), m.Release, m.AsOfDate))
			continue
		}
		manifests = append(manifests, m)
	}
	slices.SortFunc(manifests, func(a, b Manifest) int { return a.Sequence - b.Sequence })
	_, broken := followChain(head, manifests)
	return manifests, append(faults, broken...), nil
}

// errNoManifest marks the folder of a release that has no manifest.
var errNoManifest = errors.New(manifestName + " is missing")

func readManifest(folder string) (Manifest, error) {
	var m Manifest
	text, err := os.ReadFile(filepath.Join(folder, manifestName))
	if errors.Is(err, fs.ErrNotExist) {
		return m, errNoManifest
	}
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return m, fmt.Errorf("%s is damaged: %w", manifestName, err)
	}
	m.hash = hashOf(text)
	m.tombstone, err = readTombstone(folder)
	return m, err
}

// shown is a path within the warehouse.
func (w Warehouse) shown(path string) string {
	if inside, found := strings.CutPrefix(path, w.Root+string(filepath.Separator)); found {
		return inside
	}
	return path
}

// VerifyFiles holds the files of a release against its manifest: each is there, a
// plain file with the same bytes, and there is no other. whole tells whether all
// of them can be read as they were published.
func (w Warehouse) VerifyFiles(m Manifest) (faults []string, whole bool) {
	folder := w.ReleaseFolder(m.AsOfDate, m.Release)
	fault := func(format string, arguments ...any) {
		faults = append(faults, "release "+m.Release+": "+fmt.Sprintf(format, arguments...))
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		fault("%v", err)
		return faults, false
	}
	var buried []string
	if m.tombstone != nil {
		buried = m.tombstone.Files
		if m.tombstone.SHA256 != m.hash {
			fault("%s is that of another manifest", tombstoneName)
		}
		for _, name := range buried {
			if !slices.Contains(m.removable(), name) {
				fault("%s names %s, which is never removed", tombstoneName, name)
			}
		}
	}
	whole = true
	present := map[string]fs.DirEntry{}
	for _, entry := range entries {
		present[entry.Name()] = entry
		known := slices.ContainsFunc(m.Files, func(f FileHash) bool { return f.Name == entry.Name() })
		if !known && entry.Name() != manifestName && (entry.Name() != tombstoneName || m.tombstone == nil) {
			fault("%s is there, and its manifest does not name it", entry.Name())
		}
	}
	for _, f := range m.Files {
		entry, there := present[f.Name]
		if !there {
			whole = false
			if !slices.Contains(buried, f.Name) {
				fault("%s is missing", f.Name)
			}
			continue
		}
		if !entry.Type().IsRegular() {
			whole = false
			fault("%s is no plain file", f.Name)
			continue
		}
		hash, err := HashFile(filepath.Join(folder, f.Name))
		switch {
		case err != nil:
			fault("%s: %v", f.Name, err)
		case hash.Bytes != f.Bytes:
			fault("%s has %d bytes, published were %d", f.Name, hash.Bytes, f.Bytes)
		case hash.SHA256 != f.SHA256:
			fault("%s was changed: its SHA-256 is %s, published was %s", f.Name, hash.SHA256, f.SHA256)
		default:
			continue
		}
		whole = false
	}
	return faults, whole
}

// VerifyRelations counts and hashes the rows of every relation of a release again.
func (w Warehouse) VerifyRelations(ctx context.Context, db *DB, m Manifest) ([]string, error) {
	var faults []string
	folder := w.ReleaseFolder(m.AsOfDate, m.Release)
	for _, want := range m.Relations {
		got, err := db.DescribeRelation(ctx, want.Name, w.Files(m, want.Name))
		if err != nil {
			return faults, err
		}
		if got.Rows != want.Rows || got.ContentHash != want.ContentHash || !slices.Equal(got.Columns, want.Columns) {
			faults = append(faults, fmt.Sprintf("release %s: relation %s has %d rows with the content %s, published were %d with %s",
				m.Release, want.Name, got.Rows, got.ContentHash, want.Rows, want.ContentHash))
		}
	}
	if err := db.CheckKeys(ctx, folder, m); err != nil {
		faults = append(faults, err.Error())
	}
	return faults, nil
}

// VerifyCatalog holds the catalog against the releases: a fault where it shows
// what no release says, a note where it does not show a release yet, because a
// run was killed before it could; the next run rebuilds it.
func (w Warehouse) VerifyCatalog(ctx context.Context, s Settings, shown []Manifest) (faults, notes []string, err error) {
	if info, err := os.Lstat(w.foreignLog()); err == nil {
		faults = append(faults, fmt.Sprintf("%s, a write-ahead log that %s left, changes what readers of the catalog see; the next run removes it", w.foreignLog(), owner(info)))
	}
	if len(shown) == 0 {
		return faults, nil, nil
	}
	if _, err := os.Stat(w.Catalog()); errors.Is(err, fs.ErrNotExist) {
		return faults, append(notes, "there is no catalog yet; the next run builds it"), nil
	}
	db, err := w.openCatalog(ctx, s)
	if err != nil {
		return append(faults, fmt.Sprintf("the catalog cannot be opened: %v", err)), nil, nil
	}
	defer db.Close()
	if err := w.inPlace(ctx, db); err != nil {
		faults = append(faults, err.Error())
	}
	listed, err := Query(ctx, db, "select release from runs order by sequence")
	if err != nil {
		return append(faults, fmt.Sprintf("the catalog cannot be read: %v", err)), nil, nil
	}
	var known []Manifest
	for _, row := range listed.Rows {
		i := slices.IndexFunc(shown, func(m Manifest) bool { return m.Release == row[0] })
		if i < 0 {
			faults = append(faults, fmt.Sprintf("the catalog shows release %s, which is not published; comment11 catalog rebuild makes it anew", row[0]))
			continue
		}
		known = append(known, shown[i])
	}
	for _, m := range shown {
		if !slices.ContainsFunc(known, func(k Manifest) bool { return k.Release == m.Release }) {
			notes = append(notes, fmt.Sprintf("the catalog does not show release %s yet; the next run rebuilds it", m.Release))
		}
	}
	for _, f := range w.forms("cells", known) {
		if err := compareCells(ctx, db, f); err != nil {
			faults = append(faults, err.Error())
		}
	}
	return faults, notes, nil
}
