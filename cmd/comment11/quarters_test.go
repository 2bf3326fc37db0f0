package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestQuartersAddUp holds that the quarters of a fiscal year come to the year to date in
// every line of realized gains and losses: an event is of the period of its booking,
// late ones too, and is converted once.
func TestQuartersAddUp(t *testing.T) {
	dates := []string{"2007-03-31", "2007-06-30", "2007-09-30"}
	for _, seed := range []string{"7"} { // a smaller book has not all currencies, nor a booking after its quarter
		folder := t.TempDir()
		config := filepath.Join(folder, "comment11.yaml")
		mustRun(t, "sample", "--out", folder, "--positions", "8000", "--seed", seed, "--as-of", strings.Join(dates, ","))
		for _, date := range dates {
			mustRun(t, "run", "-q", "--config", config, "--as-of", date)
		}
		lines := func(block, on string) map[string]string {
			records := queryRecords(t, config, "select replace(block_id, '"+block+"', '') as kind, row_id, column_id, exact from cells where table_id = 'comment-11c' and not memo and block_id in ('"+block+"', '"+block+"_by_kind') and "+on)
			return sums(t, records, "exact", "kind", "row_id", "column_id")
		}
		quarters, year := lines("quarter", "true"), lines("year_to_date", "as_of_date = date '2007-09-30'")
		if diff := cmp.Diff(year, quarters); diff != "" || len(year) < 20 {
			t.Errorf("seed %s, %d lines of the table (- year to date, + quarters): %s", seed, len(year), diff)
		}
		facts := func(where string) map[string]string {
			return sums(t, queryRecords(t, config, "select direction, instrument, kind, result, currency, scope_group, cast(sum(realized_gain_loss) as decimal(38, 2)) as amount from realized_facts where "+where+" group by all"),
				"amount", "direction", "instrument", "kind", "result", "currency", "scope_group")
		}
		if diff := cmp.Diff(facts("as_of_date = date '2007-09-30'"), facts("in_quarter")); diff != "" {
			t.Errorf("seed %s, realized facts (- year to date, + quarters): %s", seed, diff)
		}
		for what, query := range map[string]string{
			"nine currencies": "select 1 from realized_facts having count(distinct currency) >= 9",
			"a late booking":  "select 1 from realized_facts where in_quarter and event_period <> 'quarter' limit 1",
		} {
			if len(queryRecords(t, config, query)) == 0 {
				t.Errorf("seed %s: the events have not %s", seed, what)
			}
		}
	}
}
