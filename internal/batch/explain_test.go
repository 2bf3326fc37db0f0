package batch_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	schemas "github.com/apache/arrow-go/v18/parquet/schema"
	"github.com/shopspring/decimal"

	"comment11/configs"
	"comment11/internal/batch"
	"comment11/internal/position"
	"comment11/internal/sample"
	"comment11/internal/store"
	"comment11/internal/testkit"
)

// TestExplainTellsEvidence holds, in the case of evidence, the lines in which each
// kind of position stands, its slices, and that they come to its cells.
func TestExplainTellsEvidence(t *testing.T) {
	folder := t.TempDir()
	testkit.CopyBook(t, folder, "../../testdata/cases/evidence")
	config, err := configs.Load(folder+"/comment11.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	b := &book{folder: folder, config: config}
	t.Cleanup(func() { _ = store.RealDisk.Remove(config.Warehouse) })
	b.run(t, "2007-09-28")
	for id, want := range map[string]struct{ lines, slices, detail string }{
		"covered":              {"over_hedge G1", "credit_portfolio_hedge credit_portfolio_hedge", ""},
		"orphan":               {"orphan_hedge G2", "trading", ""},
		"little-a":             {"over_hedge G3", "credit_portfolio_hedge trading", ""},
		"sold-hedge":           {"over_hedge G1, sold_hedge sold-hedge", "credit_portfolio_hedge", ""},
		"macro":                {"macro_hedge cds_index", "credit_portfolio_hedge", ""},
		"macro-not-designated": {"untested_hedge cds_index", "credit_portfolio_hedge", ""},
		"externalised":         {"externalised cds_single_name, over_hedge G1", "trading", "offsets internal-hedge"},
		"offset-linked":        {"linked ", "client_offset", "offsets client-linked"},
		"client-linked":        {"", "client", "named by offset-linked"},
		"offset-lost":          {"unmatched_offset offset-lost", "trading", "offsets nowhere"},
		"client-near":          {"paired offset-paired with client-near", "client", ""},
		"offset-pool":          {"pooled P1", "client_offset", ""},
	} {
		e, err := batch.Explain(context.Background(), config, batch.Question{Position: id})
		if err != nil {
			t.Errorf("%s: %v", id, err)
			continue
		}
		var lines, slicesOf, detail []string
		for _, l := range e.Position.Evidence {
			text := l.Outcome + " " + l.Subject
			if l.MatchedWith != "" {
				text += " with " + l.MatchedWith
			}
			if l.Scope == "group" {
				lines = append(lines, text)
			}
		}
		notional := decimal.Zero
		for _, s := range e.Position.Slices {
			slicesOf = append(slicesOf, s.Purpose)
			notional = notional.Add(*s.Notional)
		}
		if e.Position.Offsets != "" {
			detail = append(detail, "offsets "+e.Position.Offsets)
		}
		for _, name := range e.Position.NamedBy {
			detail = append(detail, "named by "+name)
		}
		got := fmt.Sprintf("%s | %s | %s", strings.Join(lines, ", "), strings.Join(slicesOf, " "), strings.Join(detail, ", "))
		if wanted := fmt.Sprintf("%s | %s | %s", want.lines, want.slices, want.detail); got != wanted {
			t.Errorf("%s: %s; expected %s", id, got, wanted)
		}
		for _, a := range e.Position.Attributes {
			if a.Unexplained != "" || a.RuleID == "" {
				t.Errorf("%s: %s is not explained: %s", id, a.Attribute, a.Unexplained)
			}
		}
		inCells := decimal.Zero
		for _, c := range e.Position.Cells {
			if c.Table == "comment-11a" && c.Block == "notional" && !c.Total {
				inCells = inCells.Add(c.Amount)
			}
		}
		if !inCells.Equal(notional) {
			t.Errorf("%s: %s in the cells of 11(a), its slices are %s", id, inCells, notional)
		}
	}
}

// TestExplainAgreesWithFacts explains positions of every instrument of the book, and
// holds that the rules told are those that the facts name.
func TestExplainAgreesWithFacts(t *testing.T) {
	b := newBook(t)
	b.run(t, "2007-09-30")
	text := b.query(t, "select string_agg(position_id, ' ' order by position_id) from (select instrument, direction, min(position_id) as position_id from facts where origin = 'position' group by instrument, direction)")
	for _, id := range strings.Fields(strings.Trim(text, "[]")) {
		e, err := batch.Explain(context.Background(), b.config, batch.Question{Position: id, AsOf: "2007-09-30"})
		if err != nil {
			t.Errorf("%s: %v", id, err)
			continue
		}
		if i := slices.IndexFunc(e.Position.Attributes, func(a batch.ExplainedAttribute) bool {
			return a.Unexplained != "" || (a.Rule == nil) != (a.RuleID == "none") || (a.Rule != nil && (a.Rule.ID != a.RuleID || len(a.Fields) == 0 && a.Rule.When != "true"))
		}); i >= 0 || len(e.Notes) > 0 || len(e.Position.Cells) == 0 {
			t.Errorf("%s: %+v, notes %v, %d cells", id, e.Position.Attributes[max(i, 0)], e.Notes, len(e.Position.Cells))
		}
	}
}

// TestReleasesHaveNoFloatingPoint reads the schema of every Parquet file of a release
// of every data set, as the files themselves have it: money is an exact decimal.
func TestReleasesHaveNoFloatingPoint(t *testing.T) {
	folder := t.TempDir()
	if err := sample.Write(context.Background(), sample.Book{Folder: folder, Positions: 1000, Dates: []time.Time{date(t, "2007-09-30")}, Seed: 7, Threads: 1}); err != nil {
		t.Fatal(err)
	}
	config, err := configs.Load(filepath.Join(folder, "comment11.yaml"), nil)
	if err != nil {
		t.Fatal(err)
	}
	b := &book{folder: folder, config: config}
	t.Cleanup(func() { _ = store.RealDisk.Remove(config.Warehouse) })
	outcome := b.run(t, "2007-09-30")
	paths, err := filepath.Glob(filepath.Join(outcome.Folder, "*.parquet"))
	if err != nil || len(paths) < len(position.DataSets) {
		t.Fatalf("%v: %d files in %s, which is held by %v", err, len(paths), outcome.Folder, outcome.Open)
	}
	money := 0
	for _, path := range paths {
		reader, err := file.OpenParquetFile(path, false)
		if err != nil {
			t.Fatal(err)
		}
		schema := reader.MetaData().Schema
		for i := range schema.NumColumns() {
			column := schema.Column(i)
			if kind := column.PhysicalType(); kind == parquet.Types.Float || kind == parquet.Types.Double {
				t.Errorf("%s: %s is %s", filepath.Base(path), column.Name(), kind)
			}
			if _, isDecimal := column.LogicalType().(schemas.DecimalLogicalType); isDecimal {
				money++
			}
		}
		if err := reader.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if money < 30 { // the test looks at money at all
		t.Errorf("%d columns of decimals in %d files", money, len(paths))
	}
	// What readers see: every relation of the catalog.
	if found := b.query(t, "select string_agg(table_name || '.' || column_name, ' ') from information_schema.columns where data_type in ('DOUBLE', 'FLOAT')"); found != "[[<nil>]]" {
		t.Errorf("floating point in the catalog: %s", found)
	}
}
