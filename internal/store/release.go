package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// ManifestVersion is the version of the manifest's form.
const ManifestVersion = 1

// Manifest says what a release was made of and what it holds. It has no times
// and no host: the same inputs, rules and program give the same manifest, but
// for the bytes of the Parquet files.
type Manifest struct {
	Version           int             `json:"version"`
	AsOfDate          string          `json:"as_of_date"`
	BusinessDay       string          `json:"business_day"`
	Release           string          `json:"release"`
	Kind              string          `json:"kind"`   // first, rerun or correction
	Status            string          `json:"status"` // published or held
	ReportingCurrency string          `json:"reporting_currency"`
	Scopes            []string        `json:"scopes"`
	EvidenceOf        string          `json:"evidence_of,omitempty"` // earlier release whose evidence decides purposes
	Fingerprint       string          `json:"fingerprint"`
	Program           Program         `json:"program"`
	Inputs            json.RawMessage `json:"inputs"`        // files with hash, records and totals
	Configuration     []FileHash      `json:"configuration"` // config, rules, maps, tables and SQL
	Relations         []Relation      `json:"relations"`
	Files             []FileHash      `json:"files"`
}

// Program identifies what computed the release.
type Program struct {
	Version    string `json:"version"`
	Revision   string `json:"revision"`
	DuckDB     string `json:"duckdb"`
	Executable string `json:"executable_sha256"` // recorded, not compared
}

// FileHash is a file's name and content.
type FileHash struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Relation is one relation of a release: its files, and a hash of its rows that
// does not depend on their order nor on the release's name.
type Relation struct {
	Name        string   `json:"name"`
	Files       []string `json:"files"`
	Rows        int64    `json:"rows"`
	ContentHash string   `json:"content_hash"`
	Columns     []string `json:"columns"` // name and type
}

// Relation finds a relation of the release.
func (m Manifest) Relation(name string) (Relation, bool) {
	i := slices.IndexFunc(m.Relations, func(r Relation) bool { return r.Name == name })
	if i < 0 {
		return Relation{}, false
	}
	return m.Relations[i], true
}

// ColumnNames gives the names of the relation's columns.
func (r Relation) ColumnNames() []string {
	names := make([]string, len(r.Columns))
	for i, column := range r.Columns {
		names[i], _, _ = strings.Cut(column, " ")
	}
	return names
}

// Published and Held are the states of a release.
const (
	Published = "published"
	Held      = "held"
)

// DescribeRelation counts and hashes the rows in the Parquet files of one relation.
func (db *DB) DescribeRelation(ctx context.Context, name string, paths []string) (Relation, error) {
	relation := Relation{Name: name}
	for _, path := range paths {
		relation.Files = append(relation.Files, filepath.Base(path))
	}
	from := "read_parquet(" + List(paths) + ", hive_partitioning = false)"
	described, err := Query(ctx, db, "describe select * from "+from)
	if err != nil {
		return relation, err
	}
	var hashed []string
	for _, row := range described.Rows {
		column, columnType := row[0].(string), row[1].(string)
		relation.Columns = append(relation.Columns, column+" "+columnType)
		if column != "release" && column != "rows_before" { // neither is of the content
			hashed = append(hashed, Identifier(column))
		}
	}
	table, err := Query(ctx, db, fmt.Sprintf("select count(*), cast(coalesce(sum(hash(%s)), 0) as varchar) from %s", strings.Join(hashed, ", "), from))
	if err != nil {
		return relation, err
	}
	relation.Rows, relation.ContentHash = table.Rows[0][0].(int64), table.Rows[0][1].(string)
	return relation, nil
}

// Disk is the part of the file system that publishing leans on; tests make it fail.
type Disk struct {
	Sync   func(path string) error // of a file or a folder
	Rename func(from, to string) error
	Remove func(path string) error // of a file or a folder with all that is in it
}

// RealDisk is the file system.
var RealDisk = Disk{
	Sync: func(path string) error {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		return errors.Join(f.Sync(), f.Close())
	},
	Rename: os.Rename,
	Remove: removeAll,
}

// removeAll removes a folder even where its folders are read-only.
func removeAll(path string) error {
	err := filepath.WalkDir(path, func(p string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			return os.Chmod(p, 0o755)
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return errors.Join(err, os.RemoveAll(path))
}

// Warehouse is the folder that holds releases, the catalog and what is being made.
type Warehouse struct {
	Root string // absolute
	Disk Disk
}

// Catalog is the path of the catalog.
func (w Warehouse) Catalog() string { return filepath.Join(w.Root, "comment11.duckdb") }

// Releases is the folder of all releases.
func (w Warehouse) Releases() string { return filepath.Join(w.Root, "releases") }

// ReleaseFolder is where a release is published.
func (w Warehouse) ReleaseFolder(asOf, release string) string {
	return filepath.Join(w.Releases(), "as_of_date="+asOf, "release="+release)
}

// Staging makes a new folder for a run to work in.
func (w Warehouse) Staging() (string, error) {
	root := filepath.Join(w.Root, "staging")
	if err := os.MkdirAll(root, 0o755); err != nil {
		return "", err
	}
	return os.MkdirTemp(root, "run-")
}

// Sweep removes what killed runs left behind. The caller holds the lock.
func (w Warehouse) Sweep() error {
	return w.Disk.Remove(filepath.Join(w.Root, "staging"))
}

// Manifests reads the manifests of all releases, in order of date and release.
func (w Warehouse) Manifests() ([]Manifest, error) {
	paths, err := filepath.Glob(filepath.Join(w.Releases(), "as_of_date=*", "release=*", "manifest.json"))
	if err != nil {
		return nil, err
	}
	slices.Sort(paths)
	var manifests []Manifest
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		var m Manifest
		if err := json.Unmarshal(text, &m); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		manifests = append(manifests, m)
	}
	return manifests, nil
}

// NextRelease names the next release of a date, and gives the earlier ones.
func (w Warehouse) NextRelease(asOf time.Time) (string, []Manifest, error) {
	all, err := w.Manifests()
	if err != nil {
		return "", nil, err
	}
	earlier := slices.DeleteFunc(all, func(m Manifest) bool { return m.AsOfDate != asOf.Format(time.DateOnly) })
	return fmt.Sprintf("%s-%03d", asOf.Format("20060102"), len(earlier)+1), earlier, nil
}

// Publish seals the staged folder - hashes, manifest, read-only, synced - and
// renames it to its place. Killed at any instant the release is there whole or
// not at all.
func (w Warehouse) Publish(staged string, m Manifest) error {
	var err error
	if m.Files, err = hashFiles(staged); err != nil {
		return err
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(staged, "manifest.json"), append(text, '\n'), 0o644); err != nil {
		return err
	}
	if err := w.seal(staged); err != nil {
		return err
	}
	target := w.ReleaseFolder(m.AsOfDate, m.Release)
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	if err := w.Disk.Rename(staged, target); err != nil {
		return err
	}
	for _, folder := range []string{filepath.Dir(target), w.Releases(), w.Root} {
		if err := w.Disk.Sync(folder); err != nil {
			return err
		}
	}
	return nil
}

// seal makes files and folder read-only and syncs them.
func (w Warehouse) seal(folder string) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		path := filepath.Join(folder, entry.Name())
		if err := errors.Join(os.Chmod(path, 0o444), w.Disk.Sync(path)); err != nil {
			return err
		}
	}
	return errors.Join(os.Chmod(folder, 0o555), w.Disk.Sync(folder))
}

func hashFiles(folder string) ([]FileHash, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var files []FileHash
	for _, entry := range entries {
		hash, err := HashFile(filepath.Join(folder, entry.Name()))
		if err != nil {
			return nil, err
		}
		files = append(files, hash)
	}
	return files, nil
}

// HashFile gives a file's size and SHA-256.
func HashFile(path string) (FileHash, error) {
	f, err := os.Open(path)
	if err != nil {
		return FileHash{}, err
	}
	defer f.Close()
	h := sha256.New()
	size, err := io.Copy(h, f)
	return FileHash{Name: filepath.Base(path), Bytes: size, SHA256: hex.EncodeToString(h.Sum(nil))}, err
}
