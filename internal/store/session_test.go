package store

import (
	"bytes"
	"context"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/shopspring/decimal"
)

// harmlessFunctions are those scalar functions of the engine that are not pure and
// that a query may call all the same: they tell the time, draw numbers or name the
// session.
var harmlessFunctions = []string{
	"current_connection_id", "current_database", "current_date", "current_query_id", "current_schema", "current_schemas", "current_transaction_id",
	"error", "gen_random_uuid", "get_current_time", "get_current_timestamp", "in_search_path", "now", "random", "today", "transaction_timestamp",
	"txid_current", "uuid", "uuidv4", "uuidv7",
}

// TestImpureFunctionsAreReviewed fails when the engine gets a function that may do
// more than compute, until somebody has decided whether a query may call it.
func TestImpureFunctionsAreReviewed(t *testing.T) {
	ctx := context.Background()
	db, err := Open(ctx, Settings{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	table, err := Query(ctx, db, "select distinct function_name from duckdb_functions() where function_type = 'scalar' and (stability <> 'CONSISTENT' or has_side_effects) order by 1")
	if err != nil {
		t.Fatal(err)
	}
	if len(table.Rows) < 10 {
		t.Errorf("only %d functions", len(table.Rows))
	}
	for _, row := range table.Rows {
		name := row[0].(string)
		if slices.Contains(refusedFunctions, name) == slices.Contains(harmlessFunctions, name) {
			t.Errorf("%s is in both or neither of the lists of refused and harmless functions; decide which", name)
		}
	}
}

// TestVetUnknownParts holds that the vetting is an allow-list: a part of a query
// that nobody has thought of is refused.
func TestVetUnknownParts(t *testing.T) {
	v := vetter{relations: []string{"cells"}}
	for _, node := range []map[string]any{
		{"type": "NEW_TABLE_REF", "table_name": "cells"},
		{"class": "NEW_EXPRESSION", "type": "COLUMN_REF"},
		{"node": []any{map[string]any{"class": "PARAMETER", "type": "VALUE_PARAMETER"}}},
		{"type": "BASE_TABLE", "table_name": "cells", "catalog_name": "other"},
		{"type": "BASE_TABLE", "table_name": "cells", "schema_name": "temp"},
		{"type": "SHOW_REF", "table_name": "cells"},
	} {
		if err := v.node(node, nil); err == nil {
			t.Errorf("%v was let through", node)
		}
	}
	if err := v.node(map[string]any{"type": "BASE_TABLE", "table_name": "CELLS", "schema_name": "main"}, nil); err != nil {
		t.Error(err)
	}
}

// TestSettingsHold holds the second line of defence: what the vetting would have to
// miss cannot leave the releases either, as far as settings can hold it.
func TestSettingsHold(t *testing.T) {
	ctx := context.Background()
	root := t.TempDir()
	secret := filepath.Join(root, "secret.csv")
	w := Warehouse{Root: filepath.Join(root, "warehouse"), Disk: RealDisk}
	if err := os.MkdirAll(w.Releases(), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(secret, []byte("a\n1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(secret, filepath.Join(w.Releases(), "link.csv")); err != nil {
		t.Fatal(err)
	}
	built, err := open(ctx, w.Catalog(), url.Values{}, Settings{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := built.Run(ctx, "create table cells (a integer)"); err != nil {
		t.Fatal(err)
	}
	if err := built.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := w.openCatalog(ctx, Settings{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range []string{
		"insert into cells values (1)", "create table t (a integer)", "from read_csv('" + secret + "')", "from '" + secret + "'",
		"copy cells to '" + filepath.Join(root, "x.csv") + "'", "attach '" + filepath.Join(root, "x.db") + "'", "install httpfs", "load httpfs",
		"set memory_limit = '1GB'", "set global enable_external_access = true", "set lock_configuration = false", "from read_text('https://example.com/')",
	} {
		if _, err := db.ExecContext(ctx, statement); err == nil {
			t.Errorf("%s was done", statement)
		}
	}
	for _, name := range []string{"x.csv", "x.db"} {
		if _, err := os.Stat(filepath.Join(root, name)); err == nil {
			t.Errorf("%s was written", name)
		}
	}
}

// TestColumnar reads back what the two columnar forms write, every type and NULL.
func TestColumnar(t *testing.T) {
	ctx := context.Background()
	db, err := Open(ctx, Settings{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	const query = `select i, true as flag, cast(i % 100 as tinyint) as tiny, cast(i as integer) as whole, cast(i as hugeint) * 100000000000000000000 as wide,
  cast(i as double) / 3 as ratio, date '2007-09-30' - cast(i as integer) as day, timestamp '2007-09-30 12:34:56.789' as instant,
  cast(-1234567.89 as decimal(18, 2)) + i as amount, cast(i as decimal(38, 2)) * 1.5 as total, case when i = 1 then null else 'x' || i end as word, [i] as list
from range(70000) as t(i) order by i`
	var parquet, arrowStream bytes.Buffer
	for _, sink := range []Sink{NewParquetSink(&parquet), NewArrowSink(&arrowStream)} {
		if err := Stream(ctx, db, query, sink); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "result.parquet")
	if err := os.WriteFile(path, parquet.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	same, err := Query(ctx, db, "select count(*) from (select * replace (cast(list as varchar) as list, cast(wide as decimal(38, 0)) as wide, cast(tiny as integer) as tiny) from ("+query+
		")) as q join read_parquet("+Literal(path)+") as p using (i) where q.wide = p.wide and q.ratio = p.ratio and q.day = p.day and q.instant = p.instant and q.amount = p.amount and q.total = p.total and q.word is not distinct from p.word and q.flag = p.flag and q.tiny = p.tiny and q.whole = p.whole")
	if err != nil {
		t.Fatal(err)
	}
	if same.Rows[0][0] != int64(70000) {
		t.Errorf("%v of 70000 rows came back", same.Rows[0][0])
	}
	types, err := Query(ctx, db, "select string_agg(column_type, ' ') from (describe from "+Literal(path)+")")
	if err != nil {
		t.Fatal(err)
	}
	if got := types.Rows[0][0]; got != "BIGINT BOOLEAN INTEGER INTEGER DECIMAL(38,0) DOUBLE DATE TIMESTAMP DECIMAL(22,2) DECIMAL(38,3) VARCHAR VARCHAR" {
		t.Error(got)
	}
	if arrowStream.Len() < 1_000_000 || !bytes.HasPrefix(arrowStream.Bytes(), []byte{0xff, 0xff, 0xff, 0xff}) {
		t.Errorf("no Arrow stream: %d bytes", arrowStream.Len())
	}
	builder := array.NewDecimal128Builder(memory.DefaultAllocator, &arrow.Decimal128Type{Precision: 18, Scale: 2})
	defer builder.Release()
	if err := appendDecimal(builder, decimal.RequireFromString("1.005")); err == nil {
		t.Error("an amount with more decimals than its column was written")
	}
}

// TestCatalogReplaced holds that a session sees the catalog that takes the place of the
// one it has open, and goes on after one that cannot be opened.
func TestCatalogReplaced(t *testing.T) {
	ctx := context.Background()
	w := Warehouse{Root: t.TempDir(), Disk: RealDisk}
	replace := func(release string) {
		t.Helper()
		aside := filepath.Join(w.Root, "aside.duckdb")
		db, err := open(ctx, aside, url.Values{}, Settings{Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		err = db.Run(ctx, "create table cells as select "+Literal(release)+" as release")
		if err := errors.Join(err, db.Close(), os.Rename(aside, w.Catalog())); err != nil {
			t.Fatal(err)
		}
	}
	replace("first")
	session, err := w.OpenSession(ctx, Settings{Threads: 1}, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	holds := func(want string) {
		t.Helper()
		var got held
		err := session.Run(ctx, "select release from cells", &got)
		if err != nil || got.Rows[0][0] != want {
			t.Errorf("got %v, error %v, expected %s", got.Rows, err, want)
		}
		if err := session.Describe(ctx); err != nil {
			t.Error(err)
		}
		if len(session.Relations) != 1 || len(session.Relations[0].Columns) != 1 {
			t.Errorf("the relations are %v, expected cells with its column", session.Relations)
		}
	}
	holds("first")
	replace("second")
	holds("second")
	if err := os.WriteFile(filepath.Join(w.Root, "broken"), []byte("none"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(w.Root, "broken"), w.Catalog()); err != nil {
		t.Fatal(err)
	}
	if err := session.Run(ctx, "select release from cells", &held{}); err == nil {
		t.Error("a catalog that is none was read")
	}
	if err := session.Describe(ctx); err == nil {
		t.Error("a catalog that is none was described")
	}
	if _, err := session.Query(ctx, "select release from cells"); err == nil {
		t.Error("a catalog that is none was asked")
	}
	replace("third")
	holds("third")
}
