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
	"time"

	"comment11/internal/position"
)

// RunRecord is what happened when: times, durations and host, which a manifest
// does not have.
type RunRecord struct {
	AsOfDate    string             `json:"as_of_date"`
	Release     string             `json:"release"`
	Status      string             `json:"status"`
	Host        string             `json:"host"`
	StartedAt   time.Time          `json:"started_at"`
	PublishedAt time.Time          `json:"published_at"`
	Seconds     map[string]float64 `json:"seconds"` // by stage
}

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
// would replay it by name into whatever file lies there.
func (w Warehouse) RebuildCatalog(ctx context.Context, s Settings, views []CatalogView) error {
	manifests, err := w.Manifests()
	if err != nil {
		return err
	}
	manifests = slices.DeleteFunc(manifests, func(m Manifest) bool { return m.Status != Published })
	folder, err := w.Staging()
	if err != nil {
		return err
	}
	defer func() { _ = w.Disk.Remove(folder) }()
	aside := filepath.Join(folder, "catalog.duckdb")
	if err := w.buildCatalog(ctx, s, aside, manifests, views); err != nil {
		return fmt.Errorf("building the catalog: %w", err)
	}
	if err := w.Disk.Sync(aside); err != nil {
		return err
	}
	if err := w.removeForeignLog(); err != nil {
		return err
	}
	if err := w.Disk.Rename(aside, w.Catalog()); err != nil {
		return err
	}
	return errors.Join(w.removeForeignLog(), w.Disk.Sync(w.Root))
}

// removeForeignLog removes a write-ahead log beside the catalog; the run itself
// never leaves one.
func (w Warehouse) removeForeignLog() error {
	path := w.Catalog() + ".wal"
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return w.Disk.Remove(path)
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
	// One transaction: each statement on its own would wait for the disk.
	if err := db.Run(ctx, "begin transaction"); err != nil {
		return err
	}
	if err := w.createRuns(ctx, db, manifests); err != nil {
		return err
	}
	for _, name := range []string{"cells", "tables", "controls", "findings", "rejects", "exclusions", "unreadable_values", "conflicts"} {
		if err := w.createSmall(ctx, db, name, manifests); err != nil {
			return err
		}
	}
	for _, view := range views {
		if err := w.createView(ctx, db, view, manifests); err != nil {
			return err
		}
	}
	if err := comment(ctx, db); err != nil {
		return err
	}
	return db.Run(ctx, "commit", "use memory", "detach catalog")
}

func (w Warehouse) createRuns(ctx context.Context, db *DB, manifests []Manifest) error {
	rows := []string{"(cast(null as date), '', '', '', false, cast(null as timestamp), '')"}
	for _, m := range manifests {
		record, err := w.ReadRun(m.Release)
		if err != nil {
			return err
		}
		published := "cast(null as timestamp)"
		if !record.PublishedAt.IsZero() {
			published = "timestamp '" + record.PublishedAt.UTC().Format("2006-01-02 15:04:05") + "'"
		}
		rows = append(rows, fmt.Sprintf("(date '%s', %s, %s, %s, %t, %s, %s)", m.AsOfDate, Literal(m.Release), Literal(m.Kind),
			Literal(m.ReportingCurrency), newest(m, manifests), published, Literal(m.Fingerprint)))
	}
	return db.CreateTable(ctx, "runs", "select * from (values "+strings.Join(rows, ", ")+
		") as v(as_of_date, release, kind, reporting_currency, newest, published_at, fingerprint) where as_of_date is not null order by as_of_date, release")
}

// newest tells whether no later release of the same date is published.
func newest(m Manifest, manifests []Manifest) bool {
	return !slices.ContainsFunc(manifests, func(other Manifest) bool {
		return other.AsOfDate == m.AsOfDate && other.Release > m.Release
	})
}

// form groups releases whose relation has the same columns: each group is one
// read_parquet, because reading many files by name is four times slower.
type form struct {
	example Manifest
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
		for _, file := range r.Files {
			forms[i].paths = append(forms[i].paths, filepath.Join(w.ReleaseFolder(m.AsOfDate, m.Release), file))
		}
	}
	return forms
}

const hive = "hive_partitioning = true, hive_types = {'as_of_date': date, 'release': varchar}"

func (f form) from() string { return "read_parquet(" + List(f.paths) + ", " + hive + ")" }

// numbered is the FROM item with file_row_number, the row in the file from 0.
func (f form) numbered() string {
	return "read_parquet(" + List(f.paths) + ", file_row_number = true, " + hive + ")"
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
	if err := db.CreateTable(ctx, name+"_all_releases", strings.Join(queries, " union all by name ")+" order by all"); err != nil {
		return err
	}
	return db.CreateView(ctx, name, newestOf(name+"_all_releases"))
}

func newestOf(name string) string {
	return fmt.Sprintf("select * from %s where release in (select release from runs where newest)", Identifier(name))
}

// createView makes <name>_all_releases over the files of all published releases
// and <name> over the newest of each date.
func (w Warehouse) createView(ctx context.Context, db *DB, view CatalogView, manifests []Manifest) error {
	current := slices.DeleteFunc(slices.Clone(manifests), func(m Manifest) bool { return !newest(m, manifests) })
	for name, list := range map[string][]Manifest{view.Name + "_all_releases": manifests, view.Name: current} {
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

// comment puts the contract's meanings on every relation and column.
func comment(ctx context.Context, db *DB) error {
	existing, err := Query(ctx, db, `
select t.table_name, t.table_type, c.column_name
from information_schema.tables as t join information_schema.columns as c on c.table_catalog = t.table_catalog and c.table_name = t.table_name
where t.table_catalog = 'catalog' order by t.table_name, c.ordinal_position`)
	if err != nil {
		return err
	}
	kinds := map[string]string{"BASE TABLE": "table", "VIEW": "view"}
	previous := ""
	for _, row := range existing.Rows {
		name, kind, columnName := row[0].(string), kinds[row[1].(string)], row[2].(string)
		set, ok := position.Find(strings.TrimSuffix(name, "_all_releases"))
		if !ok {
			continue
		}
		if name != previous {
			previous = name
			if err := db.Run(ctx, fmt.Sprintf("comment on %s %s is %s", kind, Identifier(name), Literal(set.Grain+". "+set.Meaning))); err != nil {
				return err
			}
		}
		column, ok := set.Column(columnName)
		if !ok {
			continue
		}
		meaning := column.Meaning
		if column.Unit != "" {
			meaning += " Unit: " + column.Unit + "."
		}
		if err := db.Run(ctx, fmt.Sprintf("comment on column %s.%s is %s", Identifier(name), Identifier(columnName), Literal(meaning))); err != nil {
			return err
		}
	}
	return nil
}

// WriteRun writes the run record of a release.
func (w Warehouse) WriteRun(record RunRecord) error {
	folder := filepath.Join(w.Root, "runs")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	text, err := json.MarshalIndent(record, "", "  ")
	if err != nil {
		return err
	}
	aside := filepath.Join(folder, "."+record.Release+".json")
	if err := os.WriteFile(aside, append(text, '\n'), 0o644); err != nil {
		return err
	}
	return w.Disk.Rename(aside, filepath.Join(folder, record.Release+".json"))
}

// ReadRun reads the run record of a release; one that was killed before it was
// written is empty.
func (w Warehouse) ReadRun(release string) (RunRecord, error) {
	var record RunRecord
	text, err := os.ReadFile(filepath.Join(w.Root, "runs", release+".json"))
	if errors.Is(err, fs.ErrNotExist) {
		return record, nil
	}
	if err != nil {
		return record, err
	}
	return record, json.Unmarshal(text, &record)
}
