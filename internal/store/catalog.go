package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"comment11/internal/position"
)

// CatalogView derives a published relation from the Parquet files of releases
// that share its form. Query gets the FROM item of the files.
type CatalogView struct {
	Name     string
	Relation string // of the manifest
	Query    func(m Manifest, from string) (string, error)
}

// RebuildCatalog writes the catalog anew from the manifests, aside, and renames
// it to its place. Readers keep the file they have opened. A write-ahead log
// that a stranger left beside the catalog is removed before and after: DuckDB
// would replay it by name into whatever file lies there. At last the catalog is
// opened as readers do, and its cells are compared with those of the releases.
func (w Warehouse) RebuildCatalog(ctx context.Context, s Settings, views []CatalogView) error {
	shown, err := w.Shown()
	if err != nil {
		return err
	}
	if len(shown) == 0 { // nothing was published yet, or retention took all
		return errors.Join(w.removeForeignLog(), w.Disk.Remove(w.Catalog()))
	}
	folder, err := w.Staging()
	if err != nil {
		return err
	}
	defer func() { _ = w.Disk.Remove(folder) }()
	aside := filepath.Join(folder, "catalog.duckdb")
	s.TemporaryFolder = filepath.Join(folder, "temporary")
	if err := w.buildCatalog(ctx, s, aside, shown, views); err != nil {
		return fmt.Errorf("building the catalog: %w", err)
	}
	// Whoever is not root cannot open a read-only file for writing, not even its owner.
	if err := errors.Join(os.Chmod(aside, w.mode(0o444)), w.Disk.Sync(aside)); err != nil {
		return err
	}
	if err := w.removeForeignLog(); err != nil {
		return err
	}
	if err := w.Disk.Rename(aside, w.Catalog()); err != nil {
		return err
	}
	return w.confirm(ctx, s, shown)
}

// confirm removes foreign logs until the catalog, opened as readers open it,
// shows the cells of the releases.
func (w Warehouse) confirm(ctx context.Context, s Settings, shown []Manifest) error {
	const attempts = 3
	var err error
	for range attempts {
		if err := errors.Join(w.removeForeignLog(), w.Disk.Sync(w.Root)); err != nil {
			return err
		}
		if err = w.compareCatalog(ctx, s, shown); err == nil {
			return nil
		}
		if _, statErr := os.Lstat(w.foreignLog()); errors.Is(statErr, fs.ErrNotExist) {
			return err
		}
	}
	return err
}

// compareCatalog opens the catalog read-only and compares what it shows with the
// manifests: the releases, and the content of their cells. The error says what
// is not as it should be.
func (w Warehouse) compareCatalog(ctx context.Context, s Settings, shown []Manifest) error {
	db, err := w.openCatalog(ctx, s)
	if err != nil {
		return fmt.Errorf("the catalog %s cannot be opened: %w", w.Catalog(), err)
	}
	defer db.Close()
	if err := w.compareRuns(ctx, db, shown); err != nil {
		return err
	}
	for _, f := range w.forms("cells", shown) {
		if err := compareCells(ctx, db, f); err != nil {
			return err
		}
	}
	return nil
}

// CatalogIsCurrent tells whether the catalog is there, lists the releases that are
// published and names their files, and nobody left a write-ahead log beside it.
func (w Warehouse) CatalogIsCurrent(ctx context.Context, s Settings) (bool, error) {
	shown, err := w.Shown()
	if err != nil || len(shown) == 0 {
		return true, err
	}
	if _, err := os.Lstat(w.foreignLog()); err == nil {
		return false, nil
	}
	db, err := w.openCatalog(ctx, s)
	if err != nil {
		return false, nil
	}
	defer db.Close()
	return w.compareRuns(ctx, db, shown) == nil && w.inPlace(ctx, db) == nil, nil
}

// Shown are the releases that the catalog is to show.
func (w Warehouse) Shown() ([]Manifest, error) {
	all, err := w.Manifests()
	return slices.DeleteFunc(all, func(m Manifest) bool { return m.Status != Published || m.Removed() }), err
}

func (w Warehouse) compareRuns(ctx context.Context, db *DB, shown []Manifest) error {
	listed, err := Query(ctx, db, "select release, newest from runs order by sequence")
	if err != nil {
		return fmt.Errorf("the catalog %s: %w", w.Catalog(), err)
	}
	inOrder := slices.SortedFunc(slices.Values(shown), func(a, b Manifest) int { return a.Sequence - b.Sequence })
	var got, want []string
	for _, row := range listed.Rows {
		got = append(got, fmt.Sprint(row[0], " ", row[1]))
	}
	for _, m := range inOrder {
		want = append(want, fmt.Sprint(m.Release, " ", newest(m, shown)))
	}
	if !slices.Equal(got, want) {
		return fmt.Errorf("the catalog is not that of the releases: it shows %d releases, of %d that are published", len(got), len(want))
	}
	return nil
}

func compareCells(ctx context.Context, db *DB, f form) error {
	var hashed []string
	for _, column := range f.example.mustRelation("cells").ColumnNames() {
		if column != "release" {
			hashed = append(hashed, Identifier(column))
		}
	}
	table, err := Query(ctx, db, fmt.Sprintf("select release, count(*), cast(sum(hash(%s)) as varchar) from cells_all_releases group by release", strings.Join(hashed, ", ")))
	if err != nil {
		return err
	}
	found := map[string][]any{}
	for _, row := range table.Rows {
		found[row[0].(string)] = row
	}
	for _, m := range f.members {
		want := m.mustRelation("cells")
		if want.Rows == 0 {
			continue
		}
		row := found[m.Release]
		if row == nil || row[1].(int64) != want.Rows || row[2].(string) != want.ContentHash {
			return fmt.Errorf("the catalog does not show the cells of release %s as they were published", m.Release)
		}
	}
	return nil
}

// mustRelation gives a relation that the caller has found already.
func (m Manifest) mustRelation(name string) Relation {
	r, _ := m.Relation(name)
	return r
}

func (w Warehouse) foreignLog() string { return w.Catalog() + ".wal" }

// removeForeignLog removes a write-ahead log beside the catalog; the run itself
// never leaves one.
func (w Warehouse) removeForeignLog() error {
	info, err := os.Lstat(w.foreignLog())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	w.warn("%s, a write-ahead log of %d bytes that %s left at %s, was removed: somebody opened the catalog for writing; what they changed is in no release and no catalog",
		w.foreignLog(), info.Size(), owner(info), info.ModTime().UTC().Format(time.RFC3339))
	return w.Disk.Remove(w.foreignLog())
}

func (w Warehouse) buildCatalog(ctx context.Context, s Settings, path string, manifests []Manifest, views []CatalogView) error {
	db, err := Open(ctx, s)
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(1) // attached databases and transactions are of a connection
	// Storage version 1.0 is the oldest that clients still in use can read.
	if err := db.Run(ctx, "attach "+Literal(path)+" as catalog (storage_version 'v1.0.0')", "use catalog"); err != nil {
		return err
	}
	// Written once, into the file, and not into a log first.
	if err := db.Run(ctx, "set global wal_autocheckpoint = '0KB'"); err != nil {
		return err
	}
	// One transaction: each statement on its own would wait for the disk.
	if err := db.Run(ctx, "begin transaction"); err != nil {
		return err
	}
	if err := w.createRuns(ctx, db, manifests); err != nil {
		return err
	}
	for _, name := range inCatalog {
		if err := w.createSmall(ctx, db, name, manifests); err != nil {
			return err
		}
	}
	for _, view := range views {
		if err := w.createView(ctx, db, view, manifests); err != nil {
			return err
		}
	}
	if err := createCatalogMacros(ctx, db); err != nil {
		return err
	}
	if err := comment(ctx, db); err != nil {
		return err
	}
	return db.Run(ctx, "commit", "use memory", "detach catalog")
}

// inCatalog are the relations that the catalog has a copy of, beside its views.
var inCatalog = []string{"counterparty_ranks", "reference_ranks", "credit_event_payouts", "growth_drivers", "downgraded_netting_sets", "cells", "cell_marks", "tables", "controls", "findings", "rejects", "exclusions", "unreadable_values", "conflicts"}

// InCatalog tells whether the catalog has a relation of releases.
func InCatalog(relation string, views []CatalogView) bool {
	return slices.Contains(inCatalog, relation) || slices.ContainsFunc(views, func(v CatalogView) bool { return v.Name == relation })
}

// createRuns makes the relations that say who did what: runs, approvals, packets.
func (w Warehouse) createRuns(ctx context.Context, db *DB, manifests []Manifest) error {
	records, err := w.Publications()
	if err != nil {
		return err
	}
	packets, err := w.Packets()
	if err != nil {
		return err
	}
	var runs, approvals, extracted [][]any
	for _, m := range manifests {
		record := records[m.Release]
		var approvers, extractors []string
		for _, a := range m.Approvals {
			approvers = append(approvers, a.Approver)
			approvals = append(approvals, []any{m.AsOfDate, m.Release, a.Control, a.Subject, a.Amount, a.Kind, a.Reason, a.Preparer, a.Approver, a.ApprovedAt, a.ExpiresAt})
		}
		for _, p := range packets {
			if p.Names(m.Release) {
				extractors = append(extractors, p.User)
			}
		}
		opening := ""
		if m.Opening != nil {
			opening = m.Opening.Release
		}
		runs = append(runs, []any{m.AsOfDate, m.Release, m.Sequence, m.Kind, m.ReportingCurrency, first(m, manifests), newest(m, manifests), record.PublishedAt,
			m.Follows, opening, record.User, record.Host, distinct(approvers), distinct(extractors), m.Fingerprint, m.ReleaseHash})
	}
	for _, p := range packets {
		for _, r := range p.Releases {
			extracted = append(extracted, []any{p.ID, r.AsOfDate, r.Release, p.ExtractedAt, p.User, p.Host})
		}
	}
	for name, list := range map[string][][]any{"runs": runs, "approvals": approvals, "packets": extracted} {
		set, _ := position.Find(name)
		for _, row := range list { // what nobody said is NULL
			for i, value := range row {
				if value == "" {
					row[i] = nil
				}
			}
		}
		query, err := Rows(set.Columns, list)
		if err != nil {
			return err
		}
		if err := db.CreateTable(ctx, name, query+" order by all"); err != nil {
			return err
		}
	}
	return nil
}

func distinct(names []string) string {
	slices.Sort(names)
	return strings.Join(slices.Compact(names), ", ")
}

// newest tells whether no later release of the same date is published.
func newest(m Manifest, manifests []Manifest) bool {
	return !slices.ContainsFunc(manifests, func(other Manifest) bool {
		return other.AsOfDate == m.AsOfDate && other.Sequence > m.Sequence
	})
}

// first tells whether no earlier release of the same date is published.
func first(m Manifest, manifests []Manifest) bool {
	return !slices.ContainsFunc(manifests, func(other Manifest) bool {
		return other.AsOfDate == m.AsOfDate && other.Sequence < m.Sequence
	})
}

// form groups releases whose relation has the same columns: each group is one
// read_parquet, because reading many files by name is four times slower.
type form struct {
	example Manifest
	members []Manifest
	columns []string
	paths   []string
}

func (w Warehouse) forms(relation string, manifests []Manifest) []form {
	var forms []form
	for _, m := range manifests {
		r, ok := m.Relation(relation)
		if !ok {
			continue
		}
		i := slices.IndexFunc(forms, func(f form) bool { return slices.Equal(f.columns, r.Columns) })
		if i < 0 {
			i = len(forms)
			forms = append(forms, form{example: m, columns: r.Columns})
		}
		forms[i].members = append(forms[i].members, m)
		for _, file := range r.Files {
			forms[i].paths = append(forms[i].paths, filepath.Join(w.ReleaseFolder(m.AsOfDate, m.Release), file))
		}
	}
	return forms
}

const hive = "hive_partitioning = true, hive_types = {'as_of_date': date, 'release': varchar}"

func (f form) from() string { return "read_parquet(" + Files(f.paths...) + ", " + hive + ")" }

// numbered is the FROM item with file_row_number, the row in the file from 0.
func (f form) numbered() string {
	return "read_parquet(" + Files(f.paths...) + ", file_row_number = true, " + hive + ")"
}

// createSmall copies a relation of few rows into the catalog.
func (w Warehouse) createSmall(ctx context.Context, db *DB, name string, manifests []Manifest) error {
	forms := w.forms(name, manifests)
	if len(forms) == 0 {
		return nil
	}
	queries := make([]string, len(forms))
	for i, f := range forms {
		queries[i] = "select * from " + f.from()
	}
	if err := db.CreateTable(ctx, name+allReleases, strings.Join(queries, " union all by name ")+" order by all"); err != nil {
		return err
	}
	for view, flag := range map[string]string{name: "newest", name + firstReported: "first"} {
		query := fmt.Sprintf("select * from %s where release in (select release from runs where %s)", Identifier(name+allReleases), Identifier(flag))
		if err := db.CreateView(ctx, view, query); err != nil {
			return err
		}
	}
	return nil
}

// The forms of a relation in the catalog beside its own name, which is over the
// newest release of each date.
const (
	allReleases   = "_all_releases"
	firstReported = "_first_reported"
)

// createView makes <name>_all_releases over the files of all published releases,
// <name> over the newest of each date and <name>_first_reported over the first.
func (w Warehouse) createView(ctx context.Context, db *DB, view CatalogView, manifests []Manifest) error {
	choose := func(choice func(Manifest, []Manifest) bool) []Manifest {
		return slices.DeleteFunc(slices.Clone(manifests), func(m Manifest) bool { return !choice(m, manifests) })
	}
	for name, list := range map[string][]Manifest{view.Name + allReleases: manifests, view.Name: choose(newest), view.Name + firstReported: choose(first)} {
		var queries []string
		for _, f := range w.forms(view.Relation, list) {
			query, err := view.Query(f.example, f.numbered())
			if err != nil {
				return err
			}
			queries = append(queries, "("+query+")")
		}
		if len(queries) == 0 {
			continue
		}
		if err := db.CreateView(ctx, name, strings.Join(queries, " union all by name ")); err != nil {
			return err
		}
	}
	return nil
}

// comment puts the contract's meanings on every relation, column and macro.
func comment(ctx context.Context, db *DB) error {
	existing, err := Query(ctx, db, `
select t.table_name, t.table_type, c.column_name
from information_schema.tables as t join information_schema.columns as c on c.table_catalog = t.table_catalog and c.table_name = t.table_name
where t.table_catalog = 'catalog' order by t.table_name, c.ordinal_position`)
	if err != nil {
		return err
	}
	kinds := map[string]string{"BASE TABLE": "table", "VIEW": "view"}
	var statements []string
	previous := ""
	for _, row := range existing.Rows {
		name, kind, columnName := row[0].(string), kinds[row[1].(string)], row[2].(string)
		set, which := contractOf(name)
		if name != previous {
			previous = name
			statements = append(statements, fmt.Sprintf("comment on %s %s is %s", kind, Identifier(name), Literal(set.Grain+"; "+which+". "+set.Meaning)))
		}
		meaning := columnMeaning(set, columnName)
		if meaning == "" {
			return fmt.Errorf("column %s.%s has no meaning in the contract", name, columnName)
		}
		statements = append(statements, fmt.Sprintf("comment on column %s.%s is %s", Identifier(name), Identifier(columnName), Literal(meaning)))
	}
	for _, m := range position.CatalogMacros {
		statements = append(statements, fmt.Sprintf("comment on macro table %s is %s", Identifier(m.Name), Literal(m.Meaning)))
	}
	return db.RunAll(ctx, statements)
}

// contractOf finds the contract of a relation of the catalog, and says of which
// releases it shows the rows.
func contractOf(name string) (set position.DataSet, which string) {
	set, _ = position.Find(name)
	which = "newest release of each as-of date"
	for suffix, releases := range map[string]string{allReleases: "all published releases", firstReported: "first published release of each as-of date"} {
		if base, found := strings.CutSuffix(name, suffix); found {
			set, _ = position.Find(base)
			which = releases
		}
	}
	if slices.Contains([]string{"runs", "approvals", "packets", "cells_restated"}, name) {
		which = "all published releases"
	}
	return set, which
}

// columnMeaning is a column's comment. Facts have a column per scope of the
// configuration, and every relation of a release has the release's two keys.
func columnMeaning(set position.DataSet, name string) string {
	if scope, found := strings.CutPrefix(name, position.ScopeColumn("")); found {
		set = position.Facts([]string{scope})
	}
	column, known := set.Column(name)
	if !known {
		return map[string]string{"as_of_date": "As-of date of the release.", "release": "Release.", "source_file": "File that the record came from, without its folder."}[name]
	}
	meaning := column.Meaning
	if column.Unit != "" {
		meaning += " Unit: " + column.Unit + "."
	}
	return meaning
}

// cellsRestated is the view of what changed since it was first reported.
const cellsRestated = `create view cells_restated as
with restated as (select as_of_date from runs where first and not newest),
before as (select * from cells_first_reported where as_of_date in (select as_of_date from restated)),
now as (select * from cells where as_of_date in (select as_of_date from restated))
select as_of_date, table_id, block_id, row_id, column_id, b.release as first_release, n.release as newest_release,
  b.exact as first_exact, n.exact, coalesce(n.exact, 0) - coalesce(b.exact, 0) as difference, b.displayed as first_displayed, n.displayed
from before as b full join now as n using (as_of_date, table_id, block_id, row_id, column_id)
where b.exact is distinct from n.exact or b.displayed is distinct from n.displayed
order by as_of_date, table_id, block_id, row_id, column_id`

// createCatalogMacros makes the macros that ask for every relation in two times,
// and those for the usual questions.
func createCatalogMacros(ctx context.Context, db *DB) error {
	existing, err := Query(ctx, db, "select table_name from information_schema.tables where table_catalog = 'catalog' and table_name like '%\\_all\\_releases' escape '\\' order by table_name")
	if err != nil {
		return err
	}
	var statements []string
	for _, row := range existing.Rows {
		all := row[0].(string)
		name := strings.TrimSuffix(all, allReleases)
		statements = append(statements,
			fmt.Sprintf(`create macro %s(business_date, known_on := timestamp '9999-12-31 00:00:00') as table
select * from %s where as_of_date = cast(business_date as date) and release = (
  select max_by(release, sequence) from runs where as_of_date = cast(business_date as date) and coalesce(published_at, timestamp '1970-01-01 00:00:00') <= cast(known_on as timestamp))`, Identifier(name+"_as_of"), Identifier(all)),
			fmt.Sprintf(`create macro %s(known_on) as table
select * from %s where release in (
  select max_by(release, sequence) from runs where coalesce(published_at, timestamp '1970-01-01 00:00:00') <= cast(known_on as timestamp) group by as_of_date)`, Identifier(name+"_as_known"), Identifier(all)))
		meaning := map[string]string{
			name + "_as_of":    fmt.Sprintf("%s of a business date, as known on a timestamp (UTC; without one, as it stands).", name),
			name + "_as_known": fmt.Sprintf("%s of all business dates, as known on a timestamp (UTC).", name),
		}
		for macro, text := range meaning {
			statements = append(statements, fmt.Sprintf("comment on macro table %s is %s", Identifier(macro), Literal(text)))
		}
	}
	statements = append(statements, cellsRestated)
	for _, m := range position.CatalogMacros {
		statements = append(statements, m.SQL)
	}
	return db.RunAll(ctx, statements)
}
