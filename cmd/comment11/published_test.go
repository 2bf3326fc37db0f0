package main

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// cellsOf extracts the cells of a date: the displayed value by table/block/row/column.
func cellsOf(t *testing.T, args ...string) map[string]string {
	t.Helper()
	records, err := csv.NewReader(strings.NewReader(mustRun(t, append([]string{"extract", "--draft", "--compare", "none", "--format", "csv"}, args...)...))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	cells := map[string]string{}
	for _, r := range records[1:] {
		cells[strings.Join(r[1:5], "/")] = r[6]
	}
	return cells
}

// TestCitigroup2010 compares the book of testdata/cases/citi-2010 with the table
// that Citigroup published, every figure of four blocks and four columns.
func TestCitigroup2010(t *testing.T) {
	config, warehouse := "../../testdata/cases/citi-2010/comment11.yaml", "warehouse="+t.TempDir()
	mustRun(t, "run", "--config", config, "--set", warehouse, "--as-of", "2010-12-31")
	cells := cellsOf(t, "--config", config, "--set", warehouse, "--as-of", "2010-12-31")

	t.Run("designation and direction", func(t *testing.T) {
		want := map[string]string{
			"trading/bought/receivable": "42403", "trading/bought/payable": "23503",
			"trading/sold/receivable": "22638", "trading/sold/payable": "35958",
			"management_hedge/bought/receivable": "88", "management_hedge/bought/payable": "337",
			"trading/receivable": "65041", "trading/payable": "59461", "total/receivable": "65129", "total/payable": "59798",
		}
		got := map[string]string{}
		for key := range want {
			got[key] = cells["designation/designation/"+key]
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("published", func(t *testing.T) {
		path := filepath.Join(sharedData, "published/citigroup_10k2010_credit_derivatives_by_counterparty_and_form.tsv")
		text, err := os.ReadFile(path)
		if err != nil {
			t.Skipf("the published table is not here: %v", err)
		}
		rows := map[string]string{
			"Bank": "counterparty/bank", "Broker-dealer": "counterparty/broker_dealer", "Monoline": "counterparty/monoline",
			"Non-financial": "counterparty/non_financial", "Insurance and other financial institutions": "counterparty/insurance_and_other_financial",
			"Total by industry/counterparty": "counterparty/total", "Credit default swaps and options": "instrument/credit_default_swaps_and_options",
			"Total return swaps and other": "instrument/total_return_swaps_and_other", "Total by instrument": "instrument/total",
			"Investment grade": "rating/investment", "Non-investment grade (1)": "rating/non_investment", "Total by rating": "rating/total",
			"Within 1 year": "maturity/within_1_year", "From 1 to 5 years": "maturity/from_1_to_5_years",
			"After 5 years": "maturity/after_5_years", "Total by maturity": "maturity/total",
		}
		compared := 0
		for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n")[1:] {
			fields := strings.Split(line, "\t")
			if fields[0] != "2010-12-31" {
				continue
			}
			for i, column := range []string{"receivable", "payable", "beneficiary", "guarantor"} {
				key := "citigroup/" + rows[fields[2]] + "/" + column
				want := strings.ReplaceAll(fields[3+i], "—", "0")
				if cells[key] != want {
					t.Errorf("%s: %s, published %s", key, cells[key], want)
				}
				compared++
			}
		}
		if compared != 64 {
			t.Errorf("compared %d figures, expected 16 rows of 4", compared)
		}
	})
}

// TestJPMorgan2014 compares the book of testdata/cases/jpmorgan-2014 with the grid of
// protection sold that JPMorgan Chase published for 31 December 2014.
func TestJPMorgan2014(t *testing.T) {
	config, warehouse := "../../testdata/cases/jpmorgan-2014/comment11.yaml", "warehouse="+t.TempDir()
	mustRun(t, "run", "--config", config, "--set", warehouse, "--as-of", "2014-12-31")
	cells := cellsOf(t, "--config", config, "--set", warehouse, "--as-of", "2014-12-31")
	columns := []string{"up_to_1_year", "over_1_to_5_years", "over_5_years", "total", "receivable", "payable", "net"}
	for row, figures := range map[string][]string{
		"investment":     {"323398", "1118293", "79486", "1521177", "25767", "6314", "19453"},
		"non_investment": {"157281", "396798", "25047", "579126", "20677", "22455", "-1778"},
		"total":          {"480679", "1515091", "104533", "2100303", "46444", "28769", "17675"},
	} {
		for i, column := range columns {
			if key := "rating-maturity/credit_derivatives/" + row + "/" + column; cells[key] != figures[i] {
				t.Errorf("%s: %s, published %s", key, cells[key], figures[i])
			}
		}
	}
}

// TestWellsFargo2019 compares the book of testdata/cases/wells-fargo-2019 with the
// credit contracts by purpose that Wells Fargo published for two dates.
func TestWellsFargo2019(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(sharedData, "published/wells_fargo_10q_2019Q2_credit_contracts_by_purpose.tsv"))
	if err != nil {
		t.Skipf("the published table is not here: %v", err)
	}
	config, warehouse := "../../testdata/cases/wells-fargo-2019/comment11.yaml", "warehouse="+t.TempDir()
	dated := map[string]map[string]string{}
	for _, date := range []string{"2018-12-31", "2019-06-30"} {
		mustRun(t, "run", "--config", config, "--set", warehouse, "--as-of", date)
		dated[date] = cellsOf(t, "--config", config, "--set", warehouse, "--as-of", date)
	}
	compared := 0
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n")[1:] {
		fields := strings.Split(line, "\t")
		purpose, side := "client", "bought"
		if strings.Contains(fields[1], "Economic hedges") {
			purpose = "credit_portfolio_hedge"
		}
		if strings.HasSuffix(fields[2], "sold") {
			side = "sold"
		}
		for i, block := range []string{"notional", "fair_value_receivable", "fair_value_payable"} {
			key := "comment-11a/" + block + "/" + side + "/" + purpose
			if got, want := dated[fields[0]][key], strings.ReplaceAll(fields[3+i], "—", "0"); got != want {
				t.Errorf("%s at %s: %s, published %s", key, fields[0], got, want)
			}
			compared++
		}
	}
	if compared != 18 {
		t.Errorf("compared %d figures, expected 6 lines of 3", compared)
	}
}

// TestFundSchedules runs the real positions of five funds, printed as in their
// filings, one release per as-of date.
func TestFundSchedules(t *testing.T) {
	if testing.Short() {
		t.Skip("one run after the other: go test without -short has it")
	}
	t.Parallel()
	folder := "../../testdata/cases/fund-schedules"
	skipWithoutSharedData(t, folder)
	config, warehouse := filepath.Join(folder, "comment11.yaml"), "warehouse="+t.TempDir()
	var taken int64
	for _, date := range []string{"2020-03-31", "2021-03-31", "2021-09-30", "2023-06-30", "2024-03-31", "2025-06-30"} {
		record := decodeRecord(t, mustRun(t, "run", "--config", config, "--set", warehouse, "--as-of", date, "-o", "json"))
		if record.Counts.Rejected != 0 || record.Counts.Records != 18 {
			t.Errorf("%s: %+v, expected 18 records and no reject", date, record.Counts)
		}
		taken += record.Counts.Taken
	}
	if taken != 18 {
		t.Errorf("%d positions taken in all, expected 18", taken)
	}
	got := mustRun(t, "query", "--config", config, "--set", warehouse, "-o", "csv", `
select direction, instrument in ('cds_single_name', 'cds_index') as swaps, instrument = 'total_return_swap' as total_return_swaps,
  sum(notional) as notional, sum(fair_value_receivable) as receivable, sum(fair_value_payable) as payable
from facts group by all order by all`)
	want := `direction,swaps,total_return_swaps,notional,receivable,payable
bought,true,false,44945000.00,1118539.00,407261.00
sold,false,false,11370000.00,0.00,753.00
sold,false,true,772000.00,4655.00,0.00
sold,true,false,4270000.00,18271.00,0.00
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestQueryAgreesWithTables holds the sums over facts against the tables, to the cent.
func TestQueryAgreesWithTables(t *testing.T) {
	config, warehouse := "../../testdata/book/comment11.yaml", "warehouse="+t.TempDir()
	mustRun(t, "run", "--config", config, "--set", warehouse, "--as-of", "2007-09-30")
	records, err := csv.NewReader(strings.NewReader(mustRun(t, "query", "--config", config, "--set", warehouse, "-o", "csv",
		"select direction, sum(notional), count(*) from facts group by direction order by direction"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	cells, err := csv.NewReader(strings.NewReader(mustRun(t, "extract", "--config", config, "--set", warehouse, "--as-of", "2007-09-30", "--format", "csv"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	exact := map[string]string{}
	for _, c := range cells {
		exact[strings.Join(c[1:5], "/")] = c[5]
	}
	if len(records) != 4 {
		t.Errorf("%d directions, expected bought, sold and two_way: %v", len(records)-1, records)
	}
	for _, r := range records[1:] {
		if key := "comment-11a/notional/" + r[0] + "/total"; exact[key] != r[1] {
			t.Errorf("%s: the table has %s, the query %s", r[0], exact[key], r[1])
		}
		if n, err := strconv.Atoi(r[2]); err != nil || n == 0 {
			t.Errorf("%s: %s facts", r[0], r[2])
		}
	}
}

// TestSwapRepository holds that the public file of a swap data repository, which
// does not say the side, is refused and never guessed.
func TestSwapRepository(t *testing.T) {
	file, err := filepath.Abs(filepath.Join(sharedData, "swap-repository/ppd_cds_sample.csv"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(file); err != nil {
		t.Skipf("the shared data is not there: %v", err)
	}
	const source = `
sources:
  - name: repository
    data_set: positions
    files: FILE
    where: "\"Notional currency-Leg 1\" = 'USD'"
    columns:
      position_id: '"Dissemination Identifier"'
      currency: '"Notional currency-Leg 1"'
      product: "'CDX'"
      index_name: '"Product name"'
      notional: capped_amount("Notional amount-Leg 1")
      notional_is_floor: case when "Notional amount-Leg 1" like '%+' then 'true' end
      notional_basis: "'current'"
      trade_date: left("Execution Timestamp", 10)
      maturity_date: '"Expiration Date"'
      fair_value: "'0'"
`
	run := func(text, file string) (int, string) {
		config := filepath.Join(t.TempDir(), "comment11.yaml")
		if err := os.WriteFile(config, []byte(strings.Replace(text, "FILE", file, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		code, stdout, stderr := command(t, "run", "--config", config, "--as-of", "2026-09-09")
		return code, stdout + stderr
	}
	if code, said := run(source, file); code != exitUsage || !strings.Contains(said, `required column role of data set positions is not mapped`) {
		t.Errorf("without a side: exit %d, %s", code, said)
	}
	// The repository's own file is refused even where a mapping invents a side.
	buyer := source + "      role: \"'buyer'\"\n"
	if code, said := run(buyer, file); code != exitData || !strings.Contains(said, "ppd_cds_sample.csv: a swap data repository's public file") {
		t.Errorf("with a side: exit %d, %s", code, said)
	}
	// The same records from a system of record, with identifiers of its own.
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	own := filepath.Join(t.TempDir(), "trades.csv")
	if err := os.WriteFile(own, []byte(strings.Replace(string(text), "Original Dissemination Identifier", "Original Trade", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	// A side that the file leaves empty is no side either.
	if code, said := run(source+"      role: nullif(\"Product name\", \"Product name\")\n", own); code != exitData || !strings.Contains(said, "trades.csv:1: role: required, and empty") {
		t.Errorf("with an empty side: exit %d, %s", code, said)
	}
	// Once someone has said the side, capped notionals are floors, named and counted.
	if code, said := run(buyer, own); !strings.Contains(said, "notional_floor") {
		t.Errorf("with a side: exit %d, %s", code, said)
	}
}
