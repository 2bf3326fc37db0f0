package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"comment11/transform"
)

// bookOfUnknowns writes a book of which every second position has a product that is
// in no map, of so many different words.
func bookOfUnknowns(t *testing.T, positions, words int) (config string) {
	t.Helper()
	var b strings.Builder
	b.WriteString("position_id,product,role,currency,notional,maturity_date,counterparty_type,fair_value,purpose_code\n")
	for i := range positions {
		product := "CDS"
		if i%2 == 0 {
			product = fmt.Sprintf("NEW-%d", i/2%words)
		}
		fmt.Fprintf(&b, "P%d,%s,buyer,USD,%d.%02d,2010-01-01,bank,%d.00,TRADING\n", i, product, 1000+i, i%100, i)
	}
	config = filepath.Join(t.TempDir(), "comment11.yaml")
	for name, text := range map[string]string{
		"positions.csv":  b.String(),
		"comment11.yaml": "sources: [{name: positions, data_set: positions, files: positions.csv}]\n",
	} {
		if err := os.WriteFile(filepath.Join(filepath.Dir(config), name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	mustRun(t, "run", "--config", config, "--as-of", "2007-09-28", "-q")
	return config
}

// TestFindingCells holds that what the findings of a code come to in the grand total
// of 11(a) is their money, also where there are so many that their subjects are told
// together.
func TestFindingCells(t *testing.T) {
	for _, c := range []struct{ words, subjects int }{{5, 5}, {2001, 1}} {
		config := bookOfUnknowns(t, 2*2100, c.words)
		sums := map[string]decimal.Decimal{}
		for _, query := range []string{
			"select code, sum(money) as money, count(*) as subjects from findings group by code",
			"select code, sum(amount) as money, count(*) as subjects from finding_cells where table_id = 'comment-11a' and row_id = 'total' and column_id = 'total' and measure = 'notional' group by code",
		} {
			records := queryRecords(t, config, query)
			if len(records) == 0 {
				t.Errorf("%d words: %s: no rows", c.words, query)
			}
			for _, r := range records {
				money := decimal.RequireFromString(r["money"])
				if before, known := sums[r["code"]]; known && !before.Equal(money) {
					t.Errorf("%d words: %s: money %s, in the grand total %s", c.words, r["code"], before, money)
				}
				sums[r["code"]] = money
				if strings.Contains(query, "finding_cells") && r["code"] == "unknown_product" && r["subjects"] != fmt.Sprint(c.subjects) {
					t.Errorf("%d words: %s subjects in the cells, expected %d", c.words, r["subjects"], c.subjects)
				}
			}
		}
		if len(sums) == 0 {
			t.Error("no findings")
		}
	}
}

// TestRulesUsed holds that what rules_used says of every attribute is what the facts
// say of it, and that conflicts are of rules that decided something.
func TestRulesUsed(t *testing.T) {
	config := "../../testdata/cases/instruments/comment11.yaml"
	warehouse := "warehouse=" + t.TempDir()
	mustRun(t, "run", "--config", config, "--set", warehouse, "--as-of", "2007-09-30", "-q")
	records := func(query string) map[string]string {
		found := map[string]string{}
		for _, line := range strings.Split(mustRun(t, "query", "--config", config, "--set", warehouse, "-o", "csv", query), "\n")[1:] {
			if rule, rest, ok := strings.Cut(line, ","); ok {
				found[rule] = rest
			}
		}
		return found
	}
	for _, attribute := range transform.Attributes {
		used := records("select rule, positions, money from rules_used where positions > 0 and attribute = '" + attribute + "'")
		facts := records(fmt.Sprintf("select %[1]s_rule, count(*), sum(notional) from facts where origin = 'position' group by %[1]s_rule", attribute))
		if diff := cmp.Diff(facts, used); diff != "" || len(used) == 0 {
			t.Errorf("%s: facts (-) and rules_used (+) differ: %s", attribute, diff)
		}
		for rule := range records("select rule, shadowed_rule from rule_conflicts where attribute = '" + attribute + "'") {
			if _, decided := used[rule]; !decided {
				t.Errorf("%s: rule %s disagrees with another, but decided nothing", attribute, rule)
			}
		}
	}
}
