package nport

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"comment11/internal/document"
)

const sharedData = "../../../shared/data/nport"

// decoded are the rows of a text as the decoder hands them on, by column.
func decoded(t testing.TB, text []byte) []map[string]string {
	t.Helper()
	var rows []map[string]string
	summary, err := Format.Decode(bytes.NewReader(text), func(batch arrow.RecordBatch) error {
		for i := range int(batch.NumRows()) {
			row := map[string]string{}
			for c, field := range batch.Schema().Fields() {
				if column := batch.Column(c).(*array.String); column.IsValid(i) {
					row[field.Name] = column.Value(i)
				}
			}
			rows = append(rows, row)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	_, counted, err := Format.Count(bytes.NewReader(text))
	if err != nil || counted != summary.Records || counted != int64(len(rows)) {
		t.Errorf("%d records by the text alone, %d rows decoded, %d handed on (%v)", counted, summary.Records, len(rows), err)
	}
	return rows
}

// TestRealFiling: the credit swaps of a real filing come out as a reader of the
// form has written them down, and nothing else does.
func TestRealFiling(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(sharedData, "goldman-sachs-bond-fund-2023-03-31.xml"))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("the shared data is not at %s", sharedData)
	}
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(filepath.Join(sharedData, "credit-positions.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	reader := csv.NewReader(file)
	reader.Comma, reader.LazyQuotes = '\t', true
	lines, err := reader.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{}
	for _, line := range lines[1:] {
		want[line[4]] = line
	}
	outcomes := map[string]int{}
	for _, row := range decoded(t, text) {
		outcomes[row[document.OutcomeColumn]+" "+row[document.ReasonColumn]]++
		if row[document.OutcomeColumn] != document.Position {
			continue
		}
		line := want[row["title"]]
		if line == nil {
			t.Errorf("%s: no credit position by the key", row["title"])
			continue
		}
		for _, c := range []struct{ what, got, want string }{
			{"role", row["role"], "seller"}, {"counterparty", row["counterparty_name"], line[6]}, {"LEI", row["counterparty_lei"], line[7]},
			{"reference", row["reference_entity_name"], line[9]}, {"termination", row["maturity_date"], line[12]},
			{"upfront paid", row["upfront_paid"], document.Amount(line[13])}, {"upfront received", row["upfront_received"], document.Amount(line[14])},
			{"notional", row["notional"], document.Amount(line[15])}, {"currency", row["currency"], line[16]},
			{"value", row["fair_value"], document.Amount(line[17])}, {"unrealized", row["unrealized"], document.Amount(line[18])},
			{"level", row["fair_value_level"], line[19]}, {"country", row["reference_country"], line[20]},
			{"faults", row[document.FaultsColumn], ""},
		} {
			if c.got != c.want {
				t.Errorf("%s: %s %q, expected %q", row["title"], c.what, c.got, c.want)
			}
		}
	}
	if outcomes["position "] != 10 || outcomes["excluded not_credit"] != 1675 || len(outcomes) != 2 {
		t.Errorf("%v, expected 10 positions and 1,675 other holdings excluded", outcomes)
	}
}
