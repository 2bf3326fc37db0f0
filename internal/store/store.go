// Package store is the only room that knows DuckDB. It opens databases with
// the settings that every run needs, runs SQL, writes and hashes relations,
// publishes releases and the catalog, vets the expressions and queries that
// users write, and keeps the lock of a warehouse.
package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/duckdb/duckdb-go/v2"

	"comment11/internal/position"
)

// Settings are the limits within which a database works.
type Settings struct {
	Threads         int    // 0: all processors
	MemoryLimit     string // for example 1500MB
	TemporaryFolder string // where DuckDB may spill, in a folder of its own; "": nowhere
	TemporaryLimit  string // the most it may spill, for example 100GB
}

// readerMemory is the least memory, in bytes, that a database needs to read and
// write the records of a wide file.
const readerMemory = 250_000_000

// Shared are the settings of databases of one thread that work at the same time
// within these settings, and how many of them may: one for each thread, as far as
// the memory goes.
func (s Settings) Shared(threads int) (each Settings, databases int) {
	each, databases = s, threads
	each.Threads = 1
	if memory := memoryBytes(s.MemoryLimit); memory > 0 {
		databases = int(max(1, min(int64(threads), memory/readerMemory)))
		each.MemoryLimit = fmt.Sprintf("%dKB", memory/int64(databases)/1000)
	}
	return each, databases
}

// memoryBytes is a size such as 1500MB or 2GiB, in bytes, and 0 where it is none.
func memoryBytes(size string) int64 {
	units := map[string]float64{"KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}
	digits := strings.TrimRight(size, "KMGTiB")
	amount, err := strconv.ParseFloat(digits, 64)
	if err != nil {
		return 0
	}
	return int64(amount * units[size[len(digits):]])
}

// DB is a DuckDB database in memory, which a run works in.
type DB struct {
	*sql.DB
	// FilesInMemory holds relations of files in memory, for files of few rows: over
	// files the engine plans every query twice, and opens them each time.
	FilesInMemory bool
}

// Open opens a database in memory with the settings that make runs repeatable:
// no extension is fetched or loaded, times are UTC, and rows keep their order.
func Open(ctx context.Context, s Settings) (*DB, error) {
	return open(ctx, "", url.Values{}, s)
}

// opened numbers the databases of this process.
var opened atomic.Int64

// spillFolder is where a database may spill. Each has its own: the engine names its
// files alike in all databases, which would read each other's rows, and without a
// folder it takes one below where the process runs. The engine makes it when it spills,
// but not the folder above it.
func (s Settings) spillFolder() (string, error) {
	if s.TemporaryFolder == "" {
		return "", nil
	}
	return filepath.Join(s.TemporaryFolder, fmt.Sprintf("%d-%d", os.Getpid(), opened.Add(1))), os.MkdirAll(s.TemporaryFolder, 0o700)
}

// open opens a database with options that the engine takes when it opens one.
func open(ctx context.Context, path string, options url.Values, s Settings) (*DB, error) {
	spill, err := s.spillFolder()
	if err != nil {
		return nil, err
	}
	options.Set("temp_directory", spill)
	settings := []string{
		"set timezone = 'UTC'",
		"set autoinstall_known_extensions = false",
		"set autoload_known_extensions = false",
		"set preserve_insertion_order = true",
		"set enable_progress_bar = false",
	}
	if s.Threads > 0 {
		settings = append(settings, fmt.Sprintf("set threads = %d", s.Threads))
	}
	for name, value := range map[string]string{
		"memory_limit": s.MemoryLimit, "max_temp_directory_size": s.TemporaryLimit,
	} {
		if value != "" {
			settings = append(settings, "set "+name+" = "+Literal(value))
		}
	}
	connector, err := duckdb.NewConnector(path+"?"+options.Encode(), func(c driver.ExecerContext) error {
		for _, setting := range settings {
			if _, err := c.ExecContext(context.Background(), setting, nil); err != nil {
				return fmt.Errorf("setting the database up: %s: %w", setting, lacking(err))
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("opening the database %s: %w", path, err)
	}
	db := &DB{DB: sql.OpenDB(connector)}
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the database %s: %w", path, err), db.Close())
	}
	return db, nil
}

// Version is the version of the linked DuckDB, for example v1.5.6.
func (db *DB) Version(ctx context.Context) (string, error) {
	return Scalar[string](ctx, db, "select version()")
}

// Threads is how many threads the database works with.
func (db *DB) Threads(ctx context.Context) (int, error) {
	threads, err := Scalar[int64](ctx, db, "select cast(current_setting('threads') as bigint)")
	return int(threads), err
}

// SetThreads lets the database use so many threads from now on.
func (db *DB) SetThreads(ctx context.Context, threads int) error {
	return db.Run(ctx, fmt.Sprintf("set threads = %d", threads))
}

// Run executes statements one after the other; the first error names its statement.
func (db *DB) Run(ctx context.Context, statements ...string) error {
	for _, statement := range statements {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return failed(err, statement)
		}
	}
	return nil
}

// RunAll executes many small statements as one query. The driver watches every query for
// cancellation, which for many small ones costs more than the statements do.
func (db *DB) RunAll(ctx context.Context, statements []string) error {
	_, err := Query(ctx, db, strings.Join(statements, ";\n"))
	return err
}

// CreateView makes relation name a view of the given SELECT.
func (db *DB) CreateView(ctx context.Context, name, query string) error {
	return db.Run(ctx, "create or replace view "+Identifier(name)+" as "+query)
}

// CreateOverFiles makes relation name of the given SELECT over files: a view, or a
// table where they are held in memory.
func (db *DB) CreateOverFiles(ctx context.Context, name, query string) error {
	if db.FilesInMemory {
		return db.CreateTable(ctx, name, query)
	}
	return db.CreateView(ctx, name, query)
}

// CreateTable makes relation name a table of the rows of the given SELECT.
func (db *DB) CreateTable(ctx context.Context, name, query string) error {
	return db.Run(ctx, "create or replace table "+Identifier(name)+" as "+query)
}

// WriteParquet writes the rows of a SELECT to a new Parquet file, in their order.
// closed names columns of text and all values that they can have: such a column
// is written seven times as fast, and any other value is an error.
func (db *DB) WriteParquet(ctx context.Context, query, path string, closed map[string][]string) error {
	if len(closed) > 0 {
		var casts []string
		for _, name := range slices.Sorted(maps.Keys(closed)) {
			casts = append(casts, fmt.Sprintf("cast(%[1]s as %[2]s) as %[1]s", Identifier(name), Enum(closed[name])))
		}
		query = fmt.Sprintf("select * replace (%s) from (%s)", strings.Join(casts, ", "), query)
	}
	return db.Run(ctx, "copy ("+query+") to "+Literal(path)+" (format parquet, "+parquetOptions+")")
}

// parquetOptions write a sixth faster than the defaults, for files that are a
// twentieth larger: no Bloom filters, and no dictionaries of more than 2,000 words.
const parquetOptions = "compression zstd, compression_level 1, parquet_version v2, write_bloom_filter false, dictionary_size_limit 2000"

// WriteParquetAsJoined is WriteParquet for a query in which the right side of each join is
// the small one: the engine then holds that side in memory. Left to itself it chooses the
// side by a guess, that each condition keeps a fifth of the rows; by that it takes five
// million positions for fewer than one million slices, and holds the positions.
func (db *DB) WriteParquetAsJoined(ctx context.Context, query, path string) error {
	if err := db.Run(ctx, "set global disabled_optimizers = 'build_side_probe_side'"); err != nil {
		return err
	}
	err := db.WriteParquet(ctx, query, path, nil)
	return errors.Join(err, db.Run(ctx, "reset global disabled_optimizers"))
}

// Enum is the type of texts with a closed list of values.
func Enum(values []string) string { return "enum(" + literals(values) + ")" }

// CreateEnum is the statement that makes a type of texts with a closed list of values,
// each counted once.
func CreateEnum(name string, values []string) string {
	var distinct []string
	for _, v := range values {
		if !slices.Contains(distinct, v) {
			distinct = append(distinct, v)
		}
	}
	return "create or replace type " + Identifier(name) + " as " + Enum(distinct)
}

// Term is a text as a value of a type that CreateEnum made; on other engines it
// is the text itself.
func Term(text, enum string) string { return "cast(" + text + " as " + Identifier(enum) + ")" }

// OneOf is the text where it is one of the values, and NULL otherwise. On other
// engines it is: case when text in (values) then text end.
func OneOf(text string, values []string) string {
	return fmt.Sprintf("cast(try_cast(%s as %s) as varchar)", text, Enum(values))
}

// PlainParquet is the FROM item that reads the files: the columns that they have, and
// none that their folders are named after.
func PlainParquet(paths ...string) string {
	return "read_parquet(" + Files(paths...) + ", hive_partitioning = false)"
}

// ReadParquet is the FROM item that reads the files, with file_row_number
// counting the rows of each from 0.
func ReadParquet(paths []string) string {
	return "read_parquet(" + Files(paths...) + ", file_row_number = true, hive_partitioning = false)"
}

// Rows is a SELECT of the given rows, each with a value for every column: a text, a
// number, a decimal, a truth value, a time or nil; a time that is not set is NULL.
// A value that is not of its column's type is an error of the query.
//
// The rows are one text of JSON, which the engine reads several times faster than the
// expressions of VALUES. Decimals are texts in it, so that they stay exact.
func Rows(columns []position.Column, rows [][]any) (string, error) {
	form := make([]string, len(columns))
	for i, c := range columns {
		form[i] = fmt.Sprintf("%q: %q", c.Name, c.Type.SQL())
	}
	texts := make([]string, len(rows))
	for n, row := range rows {
		fields := make([]string, len(row))
		for i, value := range row {
			if at, is := value.(time.Time); is {
				value = timeText(at, columns[i].Type)
			}
			encoded, err := json.Marshal(value)
			if err != nil {
				return "", fmt.Errorf("%s of row %d: %w", columns[i].Name, n+1, err)
			}
			fields[i] = fmt.Sprintf("%q: %s", columns[i].Name, encoded)
		}
		texts[n] = "{" + strings.Join(fields, ", ") + "}"
	}
	// Of a text without a relation the engine would read all rows again for each of them.
	return fmt.Sprintf("select unnest(from_json_strict(text, '[{%s}]'), recursive := true) from (select %s as text)", strings.Join(form, ", "), Literal("["+strings.Join(texts, ", ")+"]")), nil
}

// timeText is a time as a column of dates or of times reads it, nil where it is not set.
func timeText(at time.Time, of position.Type) any {
	switch {
	case at.IsZero():
		return nil
	case of == position.Date:
		return at.Format(time.DateOnly)
	default:
		return at.UTC().Format("2006-01-02 15:04:05.000")
	}
}

// Identifier quotes a name for SQL.
func Identifier(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// Literal quotes a text for SQL.
func Literal(text string) string { return `'` + strings.ReplaceAll(text, `'`, `''`) + `'` }

// List is a list of text literals for SQL.
func List(texts []string) string { return "[" + literals(texts) + "]" }

func literals(texts []string) string {
	quoted := make([]string, len(texts))
	for i, text := range texts {
		quoted[i] = Literal(text)
	}
	return strings.Join(quoted, ", ")
}

// Files is the list of files that a function of the engine reads, which takes a path
// with * ? or [ for a pattern and would read what matches it: each stands for itself.
func Files(paths ...string) string {
	literal := strings.NewReplacer("*", "[*]", "?", "[?]", "[", "[[]")
	escaped := make([]string, len(paths))
	for i, path := range paths {
		escaped[i] = literal.Replace(path)
	}
	return List(escaped)
}

func abridged(statement string) string {
	const most = 2000
	if len(statement) <= most {
		return statement
	}
	return statement[:most] + " ..."
}
