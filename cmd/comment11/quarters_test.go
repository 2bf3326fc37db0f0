package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestQuartersAddUp holds that the quarters of a fiscal year come to the year to date in
// every line of realized gains and losses: an event is of the period of its booking,
// late ones too, and is converted once.
func TestQuartersAddUp(t *testing.T) {
	if testing.Short() {
		t.Skip("one run after the other: go test without -short has it")
	}
	t.Parallel()
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

// TestYearBefore holds that the year before shows, beside this one, what the release of
// the same date a year before shows, in every line of realized gains and losses and of
// payouts; and that it is not shown where its events do not reach back to its beginning.
func TestYearBefore(t *testing.T) {
	if testing.Short() {
		t.Skip("one run after the other: go test without -short has it")
	}
	t.Parallel()
	folder, before, date := t.TempDir(), "2006-09-30", "2007-09-30"
	config := filepath.Join(folder, "comment11.yaml")
	mustRun(t, "sample", "--out", folder, "--positions", "2000", "--seed", "7", "--as-of", before+","+date)
	mustRun(t, "run", "-q", "--config", config, "--as-of", before)
	mustRun(t, "run", "-q", "--config", config, "--as-of", date)
	if shown := queryRecords(t, config, "select 1 from cells where as_of_date = date '"+date+"' and column_id like '%year_before' limit 1"); len(shown) > 0 {
		t.Error("a year before is shown that was not delivered")
	}
	if said := queryRecords(t, config, "select 1 from tables where as_of_date = date '"+date+"' and table_id in ('comment-11c', 'payouts') and notes like '%for want of realized_year_before%'"); len(said) != 2 {
		t.Errorf("%d of 2 tables say that the year before is not shown", len(said))
	}
	events, err := os.ReadFile(filepath.Join(folder, "realized_"+before+".csv"))
	if err != nil {
		t.Fatal(err)
	}
	_, records, _ := strings.Cut(string(events), "\n")
	path := filepath.Join(folder, "realized_"+date+".csv")
	own, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(own, records...), 0o600); err != nil {
		t.Fatal(err)
	}
	mustRun(t, "run", "-q", "--config", config, "--as-of", date, "--set", "realized.delivered_since=2006-01-01")
	lines := func(on, columns string) map[string]string {
		return sums(t, queryRecords(t, config, "select table_id, block_id, case when row_id like '%/%' or row_id in ('bought', 'sold', 'two_way', 'total') then row_id else 'rank' end as row_id, replace(column_id, '_year_before', '') as column_id, exact from cells"+
			" where table_id in ('comment-11c', 'payouts') and block_id <> 'amounts' and not memo and as_of_date = date '"+on+"' and "+columns), "exact", "table_id", "block_id", "row_id", "column_id")
	}
	year := lines(before, "column_id in ('gains', 'losses', 'net', 'payouts', 'recoveries')")
	if diff := cmp.Diff(year, lines(date, "column_id like '%year_before'")); diff != "" || len(year) < 40 {
		t.Errorf("%d lines (- of the year before by its release, + beside this year): %s", len(year), diff)
	}
}

// TestRestatedQuarter restates a quarter that a packet showed: the trend of a later one
// keeps what was shown and says so, and has the new figures once a packet of the quarter has.
func TestRestatedQuarter(t *testing.T) {
	if testing.Short() {
		t.Skip("one run after the other: go test without -short has it")
	}
	t.Parallel()
	folder := t.TempDir()
	files, err := filepath.Glob("../../testdata/cases/growth/*.*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		copyFile(t, file, filepath.Join(folder, filepath.Base(file)))
	}
	config, change := filepath.Join(folder, "comment11.yaml"), func(name, from, to string) {
		text, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), from) {
			t.Fatalf("%s has no %q", name, from)
		}
		if err := os.WriteFile(filepath.Join(folder, name), []byte(strings.Replace(string(text), from, to, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	change("comment11.yaml", "unit: dollars", "unit: dollars\napprovers: [controller]")
	trend := func() string {
		return mustRun(t, "query", "--config", config, "-o", "csv", "select row_label, displayed from cells where table_id = 'eight-quarters' and block_id = 'notional' and column_id = 'sold' and displayed <> 0 order by row_number")
	}
	mustRun(t, "run", "-q", "--config", config, "--as-of", "2006-12-31")
	mustRun(t, "run", "-q", "--config", config, "--as-of", "2007-09-30")
	if got := trend(); got != "row_label,displayed\n2006-12-31,2100\n2007-09-30,1600\n" {
		t.Errorf("the trend is %s", got)
	}
	mustRun(t, "extract", "--config", config, "--as-of", "2006-12-31", "--out", filepath.Join(folder, "packet"), "--draft")
	change("positions_2006-12-31.csv", "kept-sold,BANK,CDS,seller,USD,1000.00", "kept-sold,BANK,CDS,seller,USD,1100.00")
	if code, _, stderr := command(t, "run", "--config", config, "--as-of", "2006-12-31"); code != exitData || !strings.Contains(stderr, "change_after_packet") {
		t.Fatalf("a change after a packet: exit code %d, %s", code, stderr)
	}
	_, entry, _ := strings.Cut(mustRun(t, "runs", "show", "20061231-002", "--config", config), "approvals:\n")
	entry = "approvals:\n" + strings.NewReplacer("reason: \n", "reason: booked late\n", "preparer: \n", "preparer: m.t.\n", "approver: \n", "approver: controller\n",
		"approved_at: \n", "approved_at: 2007-10-20T08:00:00Z\n", "expires_at: \n", "expires_at: 2999-01-01T00:00:00Z\n").Replace(entry)
	if err := os.WriteFile(filepath.Join(folder, "approvals.yaml"), []byte(entry), 0o600); err != nil {
		t.Fatal(err)
	}
	mustRun(t, "run", "-q", "--config", config, "--as-of", "2006-12-31")
	mustRun(t, "run", "-q", "--config", config, "--as-of", "2007-09-30", "--set", "limits.unexplained=100.00")
	if got := trend(); got != "row_label,displayed\n\"2006-12-31, as reported, restated since\",2100\n2007-09-30,1600\n" {
		t.Errorf("the trend of a quarter that was restated since its packet is %s", got)
	}
	if out := mustRun(t, "run", "--config", config, "--as-of", "2007-09-30", "--set", "limits.unexplained=100.00"); !strings.Contains(out, "nothing changed") {
		t.Errorf("with the mark it stands, and it is run again: %s", out)
	}
	mustRun(t, "extract", "--config", config, "--as-of", "2006-12-31", "--out", filepath.Join(folder, "restated"), "--draft")
	if out := mustRun(t, "status", "--config", config, "--start", "2007-09-30", "--end", "2007-09-30", "-o", "json"); !strings.Contains(out, `"superseded_opening": true`) {
		t.Errorf("the quarter has a packet of its restated figures: %s", out)
	}
	mustRun(t, "run", "-q", "--config", config, "--as-of", "2007-09-30", "--set", "limits.unexplained=100.00")
	if got := trend(); got != "row_label,displayed\n\"2006-12-31, restated\",2200\n2007-09-30,1600\n" {
		t.Errorf("the trend of a quarter that its packet shows restated is %s", got)
	}
}
