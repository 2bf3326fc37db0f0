package main

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"comment11/configs"
	"comment11/ingest"
	"comment11/ingest/fpml"
	"comment11/ingest/nport"
	"comment11/internal/batch"
	"comment11/internal/position"
	"comment11/internal/store"
	"comment11/internal/testkit"
)

// TestDataDocument holds docs/DATA.md fresh: it is made from the contract.
func TestDataDocument(t *testing.T) {
	var b bytes.Buffer
	b.WriteString("# Data\n\nMade from the contract by `go test ./cmd/comment11 -run TestDataDocument -update`; do not edit.\n" +
		"\nText files are read by one strict spelling per type:\n\n| type | spelling | in SQL |\n| --- | --- | --- |\n")
	for _, c := range []position.Type{position.Text, position.Date, position.Amount, position.Rate, position.Integer, position.Flag, position.Currency, position.Time} {
		spelling := "any text"
		if c.Spelling() != "" {
			spelling = "`" + strings.ReplaceAll(c.Spelling(), "|", `\|`) + "`"
		}
		fmt.Fprintf(&b, "| %s | %s | `%s` |\n", c, spelling, c.SQL())
	}
	b.WriteString("\nA record is rejected when a *required* column is empty or a *required* or *essential* one cannot be read. A *mapped* column must be mapped, and may be empty. A *share* is a fraction from 0 to 1; any other number rejects the record. In any other column a text that cannot be read counts as no value and is a finding.\n\n# Data sets that come in\n")
	for _, d := range position.DataSets {
		writeDataSet(&b, d)
	}
	b.WriteString("\n# Relations that are published\n\nThe catalog shows each over the newest release of every as-of date, as `<name>_first_reported` over the first, and as `<name>_all_releases` over all of them; they have the columns `as_of_date` and `release` beside these. Every data set that was loaded is published as it was read.\n")
	for _, d := range position.Published {
		writeDataSet(&b, d)
	}
	b.WriteString("\nFacts have one more column, `scope_<name>`, for every scope of the config: " + strings.Join(position.ScopeStatuses, ", ") + ".\n")
	writeQuestions(&b)
	b.WriteString("\n# Reasons for rejects\n\n| reason | meaning |\n| --- | --- |\n")
	for _, reason := range slices.Sorted(maps.Keys(ingest.Reasons)) {
		fmt.Fprintf(&b, "| `%s` | %s |\n", reason, ingest.Reasons[reason])
	}
	b.WriteString("\n# Columns of documents\n\nSources of formats fpml and nport have these columns of positions by themselves, and others that mappings may use. Every format of documents also has `record_outcome`, `record_reason` and `record_faults`, what its reader made of each record.\n")
	for _, f := range []struct {
		name     string
		columns  []string
		meanings map[string]string
	}{{"fpml", fpml.Columns(), fpml.Meanings}, {"nport", nport.Columns(), nport.Meanings}} {
		writeDocumentColumns(t, &b, f.name, f.columns, f.meanings)
	}
	b.WriteString("\n# Functions of expressions\n\nRules, mappings, `where` and predicates of tables are SQL expressions of columns, constants, comparisons, `and`, `or`, `not`, `in`, `between`, `is null`, `like`, `case`, `coalesce`, `try_cast`, `||` and these functions. Nothing else is read.\n\n| function | arguments | gives |\n| --- | --- | --- |\n")
	writeFunctions(&b, store.AllowedFunctions)
	b.WriteString("\nMappings of sources may call these too. Each gives the spelling of the contract, or the text as it was found, so that what cannot be read is rejected in its own words:\n\n| function | arguments | gives |\n| --- | --- | --- |\n")
	writeFunctions(&b, ingest.Functions(nil))
	testkit.Golden(t, "../../docs/DATA.md", b.Bytes())
}

// writeQuestions writes the macros of the catalog and the examples.
func writeQuestions(b *bytes.Buffer) {
	b.WriteString("\n# Macros of the catalog\n\n| macro | gives |\n| --- | --- |\n" +
		"| `<name>_as_of(business_date, known_on := timestamp)` | Any of these relations for one business date, as known on a time (UTC); without one, as it stands. |\n" +
		"| `<name>_as_known(known_on)` | Any of these relations for all business dates, as known on a time (UTC). |\n")
	for _, m := range position.CatalogMacros {
		fmt.Fprintf(b, "| `%s(%s)` | %s |\n", m.Name, m.Arguments, m.Meaning)
	}
	b.WriteString("\n# Examples\n\nEach runs in any DuckDB from 1.0 on, opened read-only: `duckdb -readonly warehouse/comment11.duckdb`, in Python `duckdb.connect(path, read_only=True)`. A test runs them all.\n")
	for _, e := range position.Examples {
		fmt.Fprintf(b, "\n%s\n\n```sql\n%s;\n```\n", e.Question, e.SQL)
	}
}

// TestExamples runs the examples of docs/DATA.md on a book of two dates with a
// correction, and holds that each answers.
func TestExamples(t *testing.T) {
	book := t.TempDir()
	testkit.CopyBook(t, book, "../../testdata/book")
	config := filepath.Join(book, "comment11.yaml")
	mustRun(t, "run", "--config", config, "--as-of", "2006-12-31")
	mustRun(t, "run", "--config", config, "--as-of", "2007-09-30")
	for file, change := range map[string][2]string{"positions_2007-09-30.csv": {"-9040.13", "-9140.13"}, "control_totals.csv": {"26968784.94", "26968684.94"}} {
		path := filepath.Join(book, file)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, bytes.Replace(text, []byte(change[0]), []byte(change[1]), 1), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	mustRun(t, "run", "--config", config, "--as-of", "2007-09-30")
	mayBeEmpty := []string{"approvals", "controls_broken", "rejects"}
	for _, e := range position.Examples {
		if strings.Contains(e.SQL, "duckdb_columns()") {
			continue // for plain clients; query has DESCRIBE and shell .describe
		}
		got := mustRun(t, "query", "--config", config, "-o", "csv", e.SQL)
		empty := strings.Count(got, "\n") < 2
		if empty && !slices.ContainsFunc(mayBeEmpty, func(name string) bool { return strings.Contains(e.SQL, name) }) {
			t.Errorf("%s\n%s\nanswers nothing", e.Question, e.SQL)
		}
	}
}

// TestEverythingHasAComment holds that every relation, column and macro of the
// catalog says what it means.
func TestEverythingHasAComment(t *testing.T) {
	config, warehouse := "../../testdata/book/comment11.yaml", "warehouse="+t.TempDir()
	mustRun(t, "run", "--config", config, "--set", warehouse, "--as-of", "2007-09-30")
	loaded, err := configs.Load(config, map[string]string{"warehouse": strings.TrimPrefix(warehouse, "warehouse=")})
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	db, err := store.Open(ctx, store.Settings{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if err := db.Run(ctx, "attach "+store.Literal(batch.Warehouse(loaded).Catalog())+" as c (read_only)", "use c"); err != nil {
		t.Fatal(err)
	}
	table, err := store.Query(ctx, db, `
select table_name, coalesce(comment, '') from duckdb_tables() where database_name = 'c'
union all select view_name, coalesce(comment, '') from duckdb_views() where database_name = 'c' and not internal
union all select table_name || '.' || column_name, coalesce(comment, '') from duckdb_columns() where database_name = 'c' and not internal
union all select function_name, coalesce(comment, '') from duckdb_functions() where database_name = 'c' and function_type = 'table_macro' and not internal`)
	if err != nil {
		t.Fatal(err)
	}
	if len(table.Rows) < 1000 {
		t.Errorf("only %d relations, columns and macros", len(table.Rows))
	}
	for _, row := range table.Rows {
		if row[1] == "" {
			t.Errorf("%s has no comment", row[0])
		}
	}
}

func writeDataSet(b *bytes.Buffer, d position.DataSet) {
	fmt.Fprintf(b, "\n## %s\n\n%s. %s\n\n| column | type | use | meaning |\n| --- | --- | --- | --- |\n", d.Name, strings.ToUpper(d.Grain[:1])+d.Grain[1:], d.Meaning)
	for _, c := range d.Columns {
		var uses []string
		for _, use := range []struct {
			use  position.Use
			name string
		}{{position.Key, "key"}, {position.Required, "required"}, {position.Mapped, "mapped"}, {position.Essential, "essential"}, {position.Dimension, "dimension"}, {position.Measure, "measure"}, {position.Share, "share"}} {
			if implied := use.use == position.Essential && c.Has(position.Required); c.Has(use.use) && !implied {
				uses = append(uses, use.name)
			}
		}
		meaning := c.Meaning
		if c.Unit != "" {
			meaning += " Unit: " + c.Unit + "."
		}
		if len(c.Values) > 0 {
			meaning += " One of: " + strings.Join(c.Values, ", ") + "."
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", c.Name, c.Type, strings.Join(uses, ", "), strings.ReplaceAll(meaning, "|", `\|`))
	}
}

// writeDocumentColumns lists what a decoder gives of the contract, and what beside it.
func writeDocumentColumns(t *testing.T, b *bytes.Buffer, name string, columns []string, meanings map[string]string) {
	positions, _ := position.Find("positions")
	var ofContract []string
	fmt.Fprintf(b, "\n## %s\n\n| column | meaning |\n| --- | --- |\n", name)
	for _, column := range columns {
		_, known := positions.Column(column)
		if known {
			ofContract = append(ofContract, column)
			continue
		}
		if meanings[column] == "" {
			t.Errorf("column %s of format %s has no meaning", column, name)
		}
		fmt.Fprintf(b, "| `%s` | %s |\n", column, meanings[column])
	}
	fmt.Fprintf(b, "\nOf positions: source_path, %s.\n", strings.Join(ofContract, ", "))
}

func writeFunctions(b *bytes.Buffer, functions map[string]store.Function) {
	for _, name := range slices.Sorted(maps.Keys(functions)) {
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", name, functions[name].Arity(), functions[name].Meaning)
	}
}

// TestFindingsDocument holds docs/findings.md fresh: it has a page for every code, and
// no finding can be raised without an entry, so none is without a page.
func TestFindingsDocument(t *testing.T) {
	testkit.Golden(t, "../../docs/findings.md", []byte(position.FindingsDocument()))
	if !slices.IsSorted(position.FindingNames()) {
		t.Error("position.FindingCodes are not in order")
	}
	for _, f := range position.FindingCodes {
		for _, text := range []string{f.Severity, f.Meaning, f.Action, f.Matters, f.Source} {
			if text == "" || strings.HasSuffix(text, ".") {
				t.Errorf("%s: %q: expected a text without its full stop", f.Code, text)
			}
		}
	}
}
