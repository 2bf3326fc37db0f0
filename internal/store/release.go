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
	"sync"
	"time"
)

// ManifestVersion is the version of the manifest's form.
const ManifestVersion = 1

// Manifest says what a release was made of and what it holds. It has no times
// and no host: the same inputs, rules and program give the same manifest, but
// for the bytes of the Parquet files.
type Manifest struct {
	Version           int             `json:"version"`
	Sequence          int             `json:"sequence"` // place in the chain of all releases of the warehouse, from 1
	Previous          Link            `json:"previous"` // the release before it in the chain
	AsOfDate          string          `json:"as_of_date"`
	BusinessDay       string          `json:"business_day"`
	Release           string          `json:"release"`
	Kind              string          `json:"kind"`                   // first, rerun, correction, revision or restatement
	Status            string          `json:"status"`                 // published or held
	Follows           string          `json:"follows,omitempty"`      // the published release of the date whose place it takes
	Opening           *Opening        `json:"opening,omitempty"`      // the release of an earlier date that it builds on
	RollForward       *RollForward    `json:"roll_forward,omitempty"` // what the movements lead from
	Quarters          []ReadRelease   `json:"quarters,omitempty"`     // of earlier fiscal quarters, whose figures its trend shows
	Approvals         []Approval      `json:"approvals,omitempty"`    // breaks that were accepted
	ReleaseHash       string          `json:"release_hash"`           // of the fingerprint and all relations' contents: what an approval names
	ReportingCurrency string          `json:"reporting_currency"`
	Scopes            []string        `json:"scopes"`
	EvidenceOf        string          `json:"evidence_of,omitempty"` // earlier release whose evidence decides purposes
	Fingerprint       string          `json:"fingerprint"`
	Program           Program         `json:"program"`
	Inputs            json.RawMessage `json:"inputs"`        // files with hash, records and totals
	Configuration     []FileHash      `json:"configuration"` // config, rules, maps, tables and SQL
	Relations         []Relation      `json:"relations"`
	Files             []FileHash      `json:"files"`

	hash      string // SHA-256 of the manifest's file
	tombstone *Tombstone
}

// Removed tells whether retention took the release out of the catalog: its large
// files are gone, or go when the time of grace is over.
func (m Manifest) Removed() bool { return m.tombstone != nil }

// Hash is the SHA-256 of the file that the manifest was read from.
func (m Manifest) Hash() string { return m.hash }

// Opening names the newest published release of the last earlier date, as it
// was when the release was made.
type Opening struct {
	AsOfDate string `json:"as_of_date"`
	Release  string `json:"release"`
}

// RollForward names the releases that the movements of a release were made from, as
// they were when it was made.
type RollForward struct {
	Opening  ReadRelease   `json:"opening"`
	Reported *ReadRelease  `json:"reported,omitempty"` // the opening that the last packet of its date shows, where that is another one
	Path     string        `json:"path"`               // events, daily or two_point
	Between  []ReadRelease `json:"between,omitempty"`  // releases after the opening whose events or positions were read
	Asked    *Asked        `json:"asked,omitempty"`    // where it was asked for, and not left to the config
}

// Asked tells that a roll-forward was asked for, which later runs of the date go on with.
type Asked struct {
	Path string `json:"path,omitempty"` // "": the best that there is
}

// ReadRelease names an earlier release that was read, with the hash of what was read of it.
type ReadRelease struct {
	AsOfDate    string `json:"as_of_date"`
	Release     string `json:"release"`
	ContentHash string `json:"content_hash"`
	// RestatedSince says of a quarter that its packet displays these figures, and that a
	// later release of the date has others.
	RestatedSince bool `json:"restated_since,omitempty"`
}

// OpeningDate is the date from which the release's flows lead, "" where it has no roll-forward.
func (m Manifest) OpeningDate() string {
	if m.RollForward == nil {
		return ""
	}
	return m.RollForward.Opening.AsOfDate
}

// Releases are all that were read, the opening first.
func (r RollForward) Releases() []ReadRelease {
	list := append([]ReadRelease{r.Opening}, r.Between...)
	if r.Reported != nil {
		list = append(list, *r.Reported)
	}
	return list
}

// EarlierReleases are the releases from whose figures this one was made.
func (m Manifest) EarlierReleases() []ReadRelease {
	read := slices.Clone(m.Quarters)
	if m.RollForward != nil {
		read = append(read, m.RollForward.Releases()...)
	}
	return read
}

// Reads tells whether the release was made from figures of the named one.
func (m Manifest) Reads(release string) bool {
	return slices.ContainsFunc(m.EarlierReleases(), func(r ReadRelease) bool { return r.Release == release })
}

// Approval is a break that a second person accepted.
type Approval struct {
	Control    string    `json:"control"`
	Subject    string    `json:"subject"`
	Amount     string    `json:"amount"` // the difference
	Kind       string    `json:"kind,omitempty"`
	Reason     string    `json:"reason"`
	Preparer   string    `json:"preparer"`
	Approver   string    `json:"approver"`
	ApprovedAt time.Time `json:"approved_at"`
	ExpiresAt  time.Time `json:"expires_at"`
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
	from := PlainParquet(paths...)
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

// Warehouse is the folder that holds releases, the catalog and what is being made.
type Warehouse struct {
	Root string // absolute
	// Linked is the folder of another warehouse's releases, where the releases of this one
	// are links to those; else "".
	Linked string
	Disk   Disk
	Umask  fs.FileMode       // permissions that nothing in it gets
	Warn   func(text string) // told of what an operator should know; may be nil
	// Memory keeps manifests that were read, because a run asks for them often and
	// there is one for every release; may be nil.
	Memory *Memory
}

// Memory keeps manifests that were read, by the paths of their files.
type Memory struct {
	lock      sync.Mutex
	manifests map[string]remembered
}

// remembered is a manifest, and what its file was like when it was read.
type remembered struct {
	size     int64
	modified time.Time
	manifest Manifest
}

// read gives the manifest of a release's folder, from memory where the file is as
// it was. Whether the release was removed is looked up every time.
func (m *Memory) read(folder string) (Manifest, error) {
	path := filepath.Join(folder, manifestName)
	info, err := os.Stat(path)
	if m == nil || err != nil {
		return readManifest(folder)
	}
	m.lock.Lock()
	defer m.lock.Unlock()
	known, found := m.manifests[path]
	if !found || known.size != info.Size() || !known.modified.Equal(info.ModTime()) {
		manifest, err := readManifest(folder)
		if err != nil {
			return manifest, err
		}
		if m.manifests == nil {
			m.manifests = map[string]remembered{}
		}
		m.manifests[path] = remembered{info.Size(), info.ModTime(), manifest}
		return manifest, nil
	}
	known.manifest.tombstone, err = readTombstone(folder)
	return known.manifest, err
}

func (w Warehouse) warn(format string, arguments ...any) {
	if w.Warn != nil {
		w.Warn(fmt.Sprintf(format, arguments...))
	}
}

// mode is a permission without what the umask takes.
func (w Warehouse) mode(permission fs.FileMode) fs.FileMode { return permission &^ w.Umask }

// Catalog is the path of the catalog.
func (w Warehouse) Catalog() string { return filepath.Join(w.Root, "comment11.duckdb") }

// Releases is the folder of all releases.
func (w Warehouse) Releases() string { return filepath.Join(w.Root, "releases") }

// ReleaseFolder is where a release is published.
func (w Warehouse) ReleaseFolder(asOf, release string) string {
	return filepath.Join(w.Releases(), "as_of_date="+asOf, "release="+release)
}

// Files are the paths of the files of one relation of a release.
func (w Warehouse) Files(m Manifest, relation string) []string {
	r, _ := m.Relation(relation)
	paths := make([]string, len(r.Files))
	for i, file := range r.Files {
		paths[i] = filepath.Join(w.ReleaseFolder(m.AsOfDate, m.Release), file)
	}
	return paths
}

// Manifests reads the manifests of all releases, in order of date and release.
// What retention removed is among them: see Removed.
func (w Warehouse) Manifests() ([]Manifest, error) {
	folders, err := w.releaseFolders("as_of_date=", "release=")
	if err != nil {
		return nil, err
	}
	var manifests []Manifest
	for _, folder := range folders {
		m, err := w.Memory.read(folder)
		if errors.Is(err, errNoManifest) {
			continue // a gap in the chain, which stops what publishes
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", folder, err)
		}
		manifests = append(manifests, m)
	}
	return manifests, nil
}

// releaseFolders are the folders of releases, in order of date and release, whose names
// begin so. What cannot be read is an error: a release that a reader may not see is not missing.
func (w Warehouse) releaseFolders(date, release string) (folders []string, err error) {
	dates, err := listed(w.Releases(), date)
	if err != nil {
		return nil, err
	}
	for _, path := range dates {
		if info, err := os.Stat(path); err == nil && !info.IsDir() {
			continue
		}
		of, err := listed(path, release)
		if err != nil {
			return nil, err
		}
		folders = append(folders, of...)
	}
	return folders, nil
}

// listed are the paths of what a folder has whose names begin with prefix, in their
// order; a folder that is not there has nothing. filepath.Glob takes a folder that cannot
// be read for an empty one.
func listed(folder, prefix string) (paths []string, err error) {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), prefix) {
			paths = append(paths, filepath.Join(folder, entry.Name()))
		}
	}
	return paths, err
}

// NextRelease names the next release of a date, and gives the earlier ones.
func (w Warehouse) NextRelease(asOf time.Time) (string, []Manifest, error) {
	all, err := w.Manifests()
	if err != nil {
		return "", nil, err
	}
	earlier := slices.DeleteFunc(all, func(m Manifest) bool { return m.AsOfDate != asOf.Format(time.DateOnly) })
	slices.SortFunc(earlier, func(a, b Manifest) int { return a.Sequence - b.Sequence })
	next := 1
	for _, m := range earlier {
		var number int
		if _, err := fmt.Sscanf(m.Release[strings.LastIndex(m.Release, "-")+1:], "%d", &number); err != nil {
			return "", nil, fmt.Errorf("the release %q has no number: %w", m.Release, err)
		}
		next = max(next, number+1)
	}
	return fmt.Sprintf("%s-%03d", asOf.Format("20060102"), next), earlier, nil
}
