package main

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"comment11/internal/position"
)

// structures are what makes a product's trade the instrument that its code says.
var structures = map[string]string{
	"CDX": "index_name=CDX.NA.IG", "CDX_TRANCHE": "index_name=CDX.NA.IG attachment_point=0.03 detachment_point=0.07",
	"BESPOKE": "basket_id=B1 attachment_point=0.03 detachment_point=0.07", "FTD": "basket_id=B1 nth_to_default=1",
	"LCDS": "underlying_kind=loan", "ABCDS": "underlying_kind=asset_backed",
}

// TestTruthTable runs a position for every line of testdata/truth-table, which
// says why each is so, and compares what became of it.
func TestTruthTable(t *testing.T) {
	file, err := os.Open("../../testdata/truth-table/truth-table.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	reader := csv.NewReader(file)
	reader.Comment = '#'
	table := recordsOf(t, reader)
	everyCombination(t, table)

	columns := []string{"index_name", "index_factor", "attachment_point", "detachment_point", "losses_to_date", "basket_id", "nth_to_default", "underlying_kind", "notional_basis", "recovery_fixed"}
	book := "position_id,product,role,option_type,counterparty_type,purpose_code,currency,notional,fair_value,maturity_date," + strings.Join(columns, ",") + "\n"
	for i, line := range table {
		fields := map[string]string{}
		for _, field := range strings.Fields(structures[line["product"]]) {
			name, value, _ := strings.Cut(field, "=")
			fields[name] = value
		}
		if fields["index_name"] != "" || fields["attachment_point"] != "" {
			fields["notional_basis"] = "current"
		}
		switch line["variant"] {
		case "digital":
			fields["recovery_fixed"] = "0.4"
		case "original":
			fields["notional_basis"] = "original"
			if fields["attachment_point"] == "" {
				fields["index_factor"] = "0.95"
			} else {
				fields["losses_to_date"] = "100"
			}
		}
		book += fmt.Sprintf("%d,%s,%s,%s,bank,TRADING,USD,1000.00,40.00,2012-06-20", i, line["product"], line["role"], line["option_type"])
		for _, column := range columns {
			book += "," + fields[column]
		}
		book += "\n"
	}
	folder := t.TempDir()
	config := filepath.Join(folder, "comment11.yaml")
	for name, text := range map[string]string{"positions.csv": book, "comment11.yaml": `
limits: {rejects: {count: 1000, money: 1000000}}
sources:
  - {name: positions, data_set: positions, files: positions.csv}
`} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	mustRun(t, "run", "--config", config, "--as-of", "2007-09-28")
	facts := map[string]map[string]string{}
	for _, fact := range queryRecords(t, config, "select * from facts") {
		facts[fact["position_id"]] = fact
	}
	for i, line := range table {
		fact, taken := facts[fmt.Sprint(i)]
		what := strings.Join([]string{line["variant"], line["product"], line["role"], line["option_type"]}, " ")
		if taken == (line["instrument"] == "rejected") {
			t.Errorf("%s: taken is %t; %s", what, taken, line["because"])
			continue
		}
		if !taken {
			continue
		}
		for _, column := range []string{"instrument", "direction", "direction_economic", "obligation", "maximum_exposure"} {
			if fact[column] != line[column] {
				t.Errorf("%s: %s is %q, expected %q: %s", what, column, fact[column], line[column], line["because"])
			}
		}
	}
}

// everyCombination holds that the table has each product's instrument with each
// role and option type, once.
func everyCombination(t *testing.T, table []map[string]string) {
	t.Helper()
	times, instruments := map[string]int{}, map[string]bool{}
	for _, line := range table {
		if line["variant"] == "" {
			times[line["product"]+" "+line["role"]+" "+line["option_type"]]++
		}
		instruments[line["instrument"]] = true
		if line["because"] == "" {
			t.Errorf("no reason in %v", line)
		}
	}
	products := len(position.Instruments) - 1
	if want := products * len(position.Roles) * 3; len(times) != want {
		t.Errorf("%d combinations of product, role and option type, expected %d", len(times), want)
	}
	for combination, n := range times {
		if n > 1 {
			t.Errorf("%s stands %d times", combination, n)
		}
	}
	if missing := slices.DeleteFunc(slices.Clone(position.Instruments), func(name string) bool { return instruments[name] }); len(missing) > 0 {
		t.Errorf("no line for %v", missing)
	}
}
