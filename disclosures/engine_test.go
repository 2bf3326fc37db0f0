package disclosures

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"comment11/internal/position"
	"comment11/internal/store"
	"comment11/internal/testkit"
)

// grid is a table definition over four facts, for one mistake at a time.
const soundTable = `id: t
title: T
blocks:
  - id: b
    columns:
      - {id: low, label: Low, measure: notional, where: "maturity_bucket = 'up_to_1_year'"}
      - {id: high, label: High, measure: notional, where: "maturity_bucket <> 'up_to_1_year'"}
      - {id: all, label: All, measure: notional, total: true}
      - {id: facts, label: Facts, measure: count}
    rows:
      - {id: bought, label: Bought, where: "direction = 'bought'"}
      - id: sold
        label: Sold
        where: "direction = 'sold'"
        rows:
          - {id: bank, label: Bank, where: "counterparty_type = 'bank'"}
          - {id: rest, label: Rest, where: "counterparty_type <> 'bank'"}
      - {id: two_way, label: Two-way, where: "direction = 'two_way'", hide_empty: true}
      - {id: ccp, label: Of which clearing houses, where: "counterparty_type = 'ccp'", memo: true}
    total: {id: total, label: Total}
`

// emptyDatabase opens a database that knows the program's functions and no relation.
func emptyDatabase(t *testing.T) *store.DB {
	t.Helper()
	db, err := store.Open(context.Background(), store.Settings{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if err := db.CreateMacros(context.Background()); err != nil {
		t.Fatal(err)
	}
	return db
}

// fourFacts opens a database with four facts.
func fourFacts(t *testing.T) *store.DB {
	t.Helper()
	ctx := context.Background()
	db := emptyDatabase(t)
	facts := position.Facts([]string{"group"})
	if err := db.Run(ctx, facts.CreateTable("facts")); err != nil {
		t.Fatal(err)
	}
	for i, f := range []struct{ direction, counterparty, maturity, notional string }{
		{"bought", "bank", "up_to_1_year", "1500000.00"}, {"bought", "ccp", "over_5_years", "600000.00"},
		{"sold", "bank", "up_to_1_year", "700000.00"}, {"sold", "hedge_fund", "over_5_years", "800000.01"},
	} {
		if err := db.Run(ctx, fmt.Sprintf("insert into facts (position_id, direction, counterparty_type, maturity_bucket, notional, scope_group) values ('P%d', '%s', '%s', '%s', %s, 'external')",
			i, f.direction, f.counterparty, f.maturity, f.notional)); err != nil {
			t.Fatal(err)
		}
	}
	return db
}

func compute(t *testing.T, definition string) (Result, error) {
	t.Helper()
	tables, err := ReadTables(Defaults{Unit: "millions", TwoWay: "sold"}, []string{"group"}, fstest.MapFS{"t.yaml": {Data: []byte(definition)}})
	if err != nil {
		return Result{}, err
	}
	return Compute(context.Background(), fourFacts(t), Input{Tables: tables, Scopes: []string{"group"}, Currency: "USD"})
}

func cellText(cells []Cell) string {
	var b strings.Builder
	for _, c := range cells {
		fmt.Fprintf(&b, "%s %s %s %d", c.RowID, c.ColumnID, c.Exact, c.Displayed)
		if c.Moved != 0 {
			fmt.Fprintf(&b, " moved %d", c.Moved)
		}
		b.WriteString("\n")
	}
	return b.String()
}

// TestTables changes one thing of a sound table and compares what comes of it:
// its cells and broken controls, or its message.
func TestTables(t *testing.T) {
	for _, test := range []struct{ name, old, new string }{
		{"sound", "", ""},
		{"row-not-placed", "counterparty_type <> 'bank'", "counterparty_type = 'sovereign'"},
		{"column-not-placed", "maturity_bucket <> 'up_to_1_year'", "maturity_bucket = 'no_maturity'"},
		{"rows-overlap", "counterparty_type <> 'bank'", "direction = 'sold'"},
		{"columns-overlap", "maturity_bucket <> 'up_to_1_year'", "direction = 'bought'"},
		{"empty-row-not-hidden", ", hide_empty: true", ""},
		{"population", "title: T", "title: T\nwhere: \"direction <> 'bought'\""},
		{"unit", "title: T", "title: T\nunit: dollars"},
		{"unknown-column", "direction = 'bought'", "directon = 'bought'"},
		{"no-dimension", "direction = 'bought'", "position_id = 'P1'"},
		{"unknown-key", "title: T", "titel: T"},
		{"unknown-measure", "measure: count", "measure: notionals"},
		{"unknown-unit", "title: T", "title: T\nunit: cents"},
		{"unknown-scope", "title: T", "title: T\nscope: bank"},
		{"not-the-file-name", "id: t\n", "id: u\n"},
		{"row-twice", "id: rest", "id: bank"},
		{"row-without-where", `, where: "counterparty_type = 'bank'"`, ""},
		{"each-of-no-list", `{id: bank, label: Bank, where: "counterparty_type = 'bank'"}`, "{each: currency}"},
		{"each", `          - {id: bank, label: Bank, where: "counterparty_type = 'bank'"}
          - {id: rest, label: Rest, where: "counterparty_type <> 'bank'"}`, "          - {each: counterparty_type, hide_empty: true}"},
		{"block-population", "  - id: b\n", "  - id: b\n    where: \"direction = 'sold'\"\n"},
		{"needs-what-is-not-there", "title: T", "title: T\nneeds: [realized]"},
		{"needs-unknown", "title: T", "title: T\nneeds: [realised]"},
		{"unknown-relation", "title: T", "title: T\nrelation: fact"},
		{"adds-what-others-do-not-come-to", "measure: count", "measure: count, adds: [low, -other]"},
		{"adds-other-columns", "measure: count", "measure: net_notional, adds: [low]"},
		{"no-measure", ", measure: count", ""},
		{"columns-of-the-table", "blocks:\n  - id: b\n    columns:\n      - {id: low, label: Low, measure: notional, where: \"maturity_bucket = 'up_to_1_year'\"}\n      - {id: high, label: High, measure: notional, where: \"maturity_bucket <> 'up_to_1_year'\"}\n      - {id: all, label: All, measure: notional, total: true}\n      - {id: facts, label: Facts, measure: count}\n",
			"columns:\n  - {id: all, label: All}\nblocks:\n  - id: b\n    measure: count\n"},
		{"not-yaml", "title: T", "title: ["},
	} {
		t.Run(test.name, func(t *testing.T) {
			if !strings.Contains(soundTable, test.old) {
				t.Fatalf("the sound table has no %q", test.old)
			}
			result, err := compute(t, strings.Replace(soundTable, test.old, test.new, 1))
			got := cellText(result.Cells)
			for _, control := range result.Controls {
				if !control.Holds() {
					got += fmt.Sprintf("broken: %s\n", control)
				}
			}
			if err != nil {
				got = err.Error() + "\n"
			}
			testkit.Golden(t, filepath.Join("testdata", test.name+".txt"), []byte(got))
		})
	}
}

// TestPredicatesAreTraces holds that the predicate of every cell gives, on
// facts, exactly the cell's exact value.
func TestPredicatesAreTraces(t *testing.T) {
	for _, definition := range []string{soundTable, strings.Replace(soundTable, "counterparty_type <> 'bank'", "counterparty_type = 'sovereign'", 1)} {
		tables, err := ReadTables(Defaults{Unit: "millions", TwoWay: "sold"}, []string{"group"}, fstest.MapFS{"t.yaml": {Data: []byte(definition)}})
		if err != nil {
			t.Fatal(err)
		}
		ctx, db := context.Background(), fourFacts(t)
		result, err := Compute(ctx, db, Input{Tables: tables, Scopes: []string{"group"}, Currency: "USD"})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range result.Cells {
			measure := "cast(coalesce(sum(" + c.Measure + "), 0) as varchar)"
			if c.Measure == countMeasure {
				measure = "cast(count(*) as varchar)"
			}
			sum, err := store.Scalar[string](ctx, db, "select "+measure+" from facts where "+c.Predicate)
			want := c.Exact.StringFixed(2)
			if c.Measure == countMeasure {
				want = c.Exact.String()
			}
			if err != nil || (sum != want && sum != c.Exact.String()) {
				t.Errorf("%s %s: %s, but where %s there is %s, %v", c.RowID, c.ColumnID, c.Exact, c.Predicate, sum, err)
			}
		}
	}
}

// TestEmbeddedTables holds that the program's own tables are sound and named
// once.
func TestEmbeddedTables(t *testing.T) {
	tables, err := ReadTables(Defaults{Unit: "millions", TwoWay: "sold"}, []string{"group", "bank"}, Embedded())
	if err != nil {
		t.Fatal(err)
	}
	if err := Validate(context.Background(), fourFacts(t), tables, []string{"group", "bank"}); err != nil {
		t.Error(err)
	}
	db, scopes := fourFacts(t), []string{"group", "bank"}
	p, err := compilePredicates(context.Background(), db, tables, scopes)
	if err != nil {
		t.Fatal(err)
	}
	if err := checkPartitions(context.Background(), db, tables, p, scopes); err != nil {
		t.Error(err)
	}
	var ids []string
	for _, table := range tables {
		if slices.Contains(ids, table.ID.Value) || len(table.Clauses) == 0 {
			t.Errorf("table %s: twice, or answers no clause", table.ID.Value)
		}
		ids = append(ids, table.ID.Value)
	}
}
