package main

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"comment11/ingest"
	"comment11/ingest/fpml"
	"comment11/ingest/nport"
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
	b.WriteString("\n# Relations that are published\n\nThe catalog shows each over the newest release of every as-of date, and as `<name>_all_releases` over all of them; both have the columns `as_of_date` and `release` beside these. Every data set that was loaded is published as it was read.\n")
	for _, d := range position.Published {
		writeDataSet(&b, d)
	}
	b.WriteString("\nFacts have one more column, `scope_<name>`, for every scope of the config: " + strings.Join(position.ScopeStatuses, ", ") + ".\n")
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
