package main

import (
	"encoding/csv"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
)

var sampleDates = []string{"2006-12-31", "2007-09-30"}

// sampleBook writes a book and runs its dates; it gives the config and the run records.
func sampleBook(t *testing.T, args ...string) (config string, runs map[string]runRecord) {
	t.Helper()
	folder := t.TempDir()
	mustRun(t, append([]string{"sample", "--out", folder}, args...)...)
	config, runs = filepath.Join(folder, "comment11.yaml"), map[string]runRecord{}
	for _, date := range sampleDates {
		runs[date] = decodeRecord(t, mustRun(t, "run", "--config", config, "--as-of", date, "-o", "json"))
	}
	return config, runs
}

// positionsOf is how many positions a test's book has: fewer under -short.
func positionsOf(t *testing.T) int {
	t.Helper()
	if testing.Short() {
		return 4000
	}
	return 20000
}

// readRecords reads a CSV file as one map per record.
func readRecords(t *testing.T, path string) []map[string]string {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	return recordsOf(t, csv.NewReader(file))
}

func recordsOf(t *testing.T, reader *csv.Reader) []map[string]string {
	t.Helper()
	lines, err := reader.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var records []map[string]string
	for _, line := range lines[1:] {
		record := map[string]string{}
		for i, name := range lines[0] {
			record[name] = line[i]
		}
		records = append(records, record)
	}
	return records
}

func queryRecords(t *testing.T, config, query string) []map[string]string {
	t.Helper()
	return recordsOf(t, csv.NewReader(strings.NewReader(mustRun(t, "query", "--config", config, "-o", "csv", query))))
}

// sums adds an amount by the values of some columns.
func sums(t *testing.T, records []map[string]string, amount string, by ...string) map[string]string {
	t.Helper()
	totals := map[string]decimal.Decimal{}
	for _, r := range records {
		var key []string
		for _, column := range by {
			key = append(key, r[column])
		}
		value, err := decimal.NewFromString(r[amount])
		if err != nil {
			t.Fatalf("%s %q: %v", amount, r[amount], err)
		}
		k := strings.Join(key, " ")
		totals[k] = totals[k].Add(value)
	}
	texts := map[string]string{}
	for k, v := range totals {
		if !v.IsZero() {
			texts[k] = v.StringFixed(2)
		}
	}
	return texts
}

// TestSample holds what a synthetic book promises: every control holds, the
// files and the events tell one story, and classification and realized gains and
// losses are what the key says, which knows the trades' causes and not the rules.
func TestSample(t *testing.T) {
	t.Parallel()
	// A smaller book would have no unmatched offset, which are one in a thousand.
	config, runs := sampleBook(t, "--positions", "20000", "--as-of", strings.Join(sampleDates, ","))
	folder := filepath.Dir(config)
	for _, date := range sampleDates {
		for _, c := range runs[date].Controls {
			if !c.Holds {
				t.Errorf("%s: control %s %s: %s %s, %s %s", date, c.ID, c.Subject, c.LeftMeaning, c.Left, c.RightMeaning, c.Right)
			}
		}
		if runs[date].Counts.Rejected != 0 {
			t.Errorf("%s: %d records rejected", date, runs[date].Counts.Rejected)
		}
		movements := readRecords(t, filepath.Join(folder, "key", "movements_"+date+".csv"))
		by := []string{"direction", "instrument", "currency"}
		isClosing := func(r map[string]string) bool { return r["cause"] == "closing" }
		closing := sums(t, slices.DeleteFunc(slices.Clone(movements), func(r map[string]string) bool { return !isClosing(r) }), "notional", by...)
		rolled := sums(t, slices.DeleteFunc(slices.Clone(movements), isClosing), "notional", by...)
		if diff := cmp.Diff(closing, rolled); diff != "" {
			t.Errorf("%s: opening and events are not closing (- closing, + rolled): %s", date, diff)
		}
		facts := queryRecords(t, config, "select direction, instrument, currency, sum(notional_local) as notional from facts where origin = 'position' and as_of_date = date '"+date+"' group by all")
		if diff := cmp.Diff(closing, sums(t, facts, "notional", by...)); diff != "" {
			t.Errorf("%s: facts are not what the trades are (- trades, + facts): %s", date, diff)
		}
		compareRealized(t, config, date)
		compareEvidence(t, config, date)
	}
	t.Run("variety", func(t *testing.T) {
		for column, least := range map[string]int{"instrument": 14, "direction": 3, "purpose": 5, "counterparty_type": 10, "rating_grade": 3, "maturity_bucket": 3,
			"currency": 9, "legal_entity": 4, "scope_group": 3, "scope_bank": 2, "designation": 3, "obligation": 6, "underlying_kind": 8} {
			if n := len(queryRecords(t, config, "select distinct "+column+" from facts where "+column+" <> 'unclassified'")); n < least {
				t.Errorf("%d values of %s, expected at least %d", n, column, least)
			}
		}
		for _, column := range []string{"restructuring", "definitions", "credit_events", "settlement_method", "role", "status", "option_type", "nth_to_default", "recovery_fixed"} {
			if n := len(queryRecords(t, config, "select distinct "+column+" from positions where "+column+" is not null")); n == 0 {
				t.Errorf("no position has a %s", column)
			}
		}
	})
	t.Run("total", func(t *testing.T) {
		for date, letter := range map[string]float64{"2006-12-31": 1.92e12, "2007-09-30": 3.5e12} {
			total := queryRecords(t, config, "select cast(sum(notional) as decimal(38, 2)) as total from facts where as_of_date = date '"+date+"'")
			value, err := strconv.ParseFloat(total[0]["total"], 64)
			if err != nil || value < 0.93*letter || value > 1.07*letter {
				t.Errorf("%s: notional %v, the letter has %v", date, total, letter)
			}
		}
	})
}

// compareRealized compares realized gains and losses of the group with the key,
// and with the files themselves, converted here with whole numbers.
func compareRealized(t *testing.T, config, date string) {
	t.Helper()
	folder := filepath.Dir(config)
	day, err := time.Parse(time.DateOnly, date)
	if err != nil {
		t.Fatal(err)
	}
	quarter := fmt.Sprintf("%04d-%02d-01", day.Year(), (int(day.Month())-1)/3*3+1)
	rates := map[string]map[string]string{}
	for _, r := range readRecords(t, filepath.Join(folder, "fx_rates.csv")) {
		if rates[r["currency"]] == nil {
			rates[r["currency"]] = map[string]string{}
		}
		rates[r["currency"]][r["rate_date"]] = r["rate"]
	}
	highest := map[string]map[string]string{}
	for _, r := range readRecords(t, filepath.Join(folder, "realized_"+date+".csv")) {
		if earlier, ok := highest[r["event_id"]]; !ok || earlier["event_version"] < r["event_version"] {
			highest[r["event_id"]] = r
		}
	}
	var own []map[string]string
	for _, r := range highest {
		if r["counterparty_entity"] != "" || r["legal_entity"] == "CONDUIT" || r["instrument"] == "credit_linked_note" {
			continue
		}
		amount := inDollars(t, rates, r["currency"], r["event_date"], r["realized_gain_loss"])
		r["gains"], r["losses"] = decimal.Max(amount, decimal.Zero).String(), decimal.Max(amount.Neg(), decimal.Zero).String()
		r["period"] = "year_to_date"
		own = append(own, r)
		if r["booking_date"] >= quarter {
			again := map[string]string{}
			for k, v := range r {
				again[k] = v
			}
			again["period"] = "quarter"
			own = append(own, again)
		}
	}
	key := readRecords(t, filepath.Join(folder, "key", "realized_"+date+".csv"))
	by := []string{"period", "direction", "instrument", "kind"}
	for _, side := range []string{"gains", "losses"} {
		want := sums(t, key, side, by...)
		if diff := cmp.Diff(sums(t, own, side, by...), want); diff != "" {
			t.Errorf("%s: the key's %s are not the file's (- file, + key): %s", date, side, diff)
		}
		query := strings.NewReplacer("SIGN", map[string]string{"gains": "", "losses": "-"}[side], "SIDE", side, "DATE", date).Replace(`
select period, direction, instrument, kind, cast(sum(greatest(SIGN realized_gain_loss, 0)) as decimal(38, 2)) as SIDE
from realized_facts, (values ('quarter'), ('year_to_date')) as p(period)
where as_of_date = date 'DATE' and scope_group = 'external' and not funded and (period = 'year_to_date' or in_quarter) group by all`)
		if diff := cmp.Diff(want, sums(t, queryRecords(t, config, query), side, by...)); diff != "" {
			t.Errorf("%s: realized %s (- key, + run): %s", date, side, diff)
		}
		cells := queryRecords(t, config, "select block_id as period, abs(exact) as total from cells where table_id = 'comment-11c' and row_id = 'total' and column_id = '"+side+"' and block_id in ('quarter', 'year_to_date') and as_of_date = date '"+date+"'")
		if diff := cmp.Diff(sums(t, key, side, "period"), sums(t, cells, "total", "period")); diff != "" {
			t.Errorf("%s: table 11(c), %s (- key, + cells): %s", date, side, diff)
		}
	}
}

// compareEvidence holds that what was planted is found, each where it is, and
// nothing else.
func compareEvidence(t *testing.T, config, date string) {
	t.Helper()
	want, kinds := map[string]string{}, map[string]int{}
	for _, r := range readRecords(t, filepath.Join(filepath.Dir(config), "key", "evidence_"+date+".csv")) {
		key := r["finding"] + " " + r["subject"]
		want[key] = decimal.RequireFromString(r["positions"]).Add(decimal.RequireFromString("0" + want[key])).String()
		kinds[r["finding"]]++
	}
	got := map[string]string{}
	for _, r := range queryRecords(t, config, strings.ReplaceAll(`
select outcome, subject, positions from evidence
where as_of_date = DATE and scope = 'group' and outcome in ('over_hedge', 'orphan_hedge', 'sold_hedge', 'unmatched_offset')
union all
select 'internal_break', mirror_id, 1 from facts where as_of_date = DATE and scope_group = 'internal' group by mirror_id
having sum(case direction when 'bought' then notional when 'sold' then -notional else 0 end) <> 0 or sum(fair_value) <> 0`, "DATE", "date '"+date+"'")) {
		got[r["outcome"]+" "+r["subject"]] = r["positions"]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: evidence (- key, + run): %s", date, diff)
	}
	for _, kind := range []string{"over_hedge", "orphan_hedge", "sold_hedge", "unmatched_offset"} {
		if kinds[kind] == 0 && date == sampleDates[len(sampleDates)-1] {
			t.Errorf("%s: the book has no %s", date, kind)
		}
	}
}

// inDollars crosses an amount through the euro at the last rates on or before a date.
func inDollars(t *testing.T, rates map[string]map[string]string, currency, date, amount string) decimal.Decimal {
	t.Helper()
	value := decimal.RequireFromString(amount)
	if currency == "USD" {
		return value
	}
	rate := func(c string) *big.Rat {
		if c == "EUR" {
			return big.NewRat(1, 1)
		}
		day, err := time.Parse(time.DateOnly, date)
		if err != nil {
			t.Fatal(err)
		}
		for back := range 6 {
			if text, ok := rates[c][day.AddDate(0, 0, -back).Format(time.DateOnly)]; ok {
				return decimal.RequireFromString(text).Rat()
			}
		}
		t.Fatalf("no rate of %s at %s", c, date)
		return nil
	}
	exact := new(big.Rat).Mul(value.Rat(), new(big.Rat).Quo(rate("USD"), rate(currency)))
	cents := new(big.Rat).Mul(exact, big.NewRat(100, 1))
	whole := new(big.Int).Quo(new(big.Int).Add(new(big.Int).Mul(new(big.Int).Abs(cents.Num()), big.NewInt(2)), cents.Denom()), new(big.Int).Mul(cents.Denom(), big.NewInt(2)))
	if exact.Sign() < 0 {
		whole.Neg(whole)
	}
	return decimal.NewFromBigInt(whole, -2)
}

// TestSampleFaults holds that every planted fault is found where it was planted
// and for what it is, and that nothing else is rejected, excluded or unreadable.
func TestSampleFaults(t *testing.T) {
	t.Parallel()
	faults := 500
	if testing.Short() {
		faults = 150
	}
	config, _ := sampleBook(t, "--positions", strconv.Itoa(positionsOf(t)), "--faults", strconv.Itoa(faults), "--seed", "3", "--as-of", strings.Join(sampleDates, ","))
	for _, date := range sampleDates {
		key := readRecords(t, filepath.Join(filepath.Dir(config), "key", "faults_"+date+".csv"))
		if len(key) < faults {
			t.Errorf("%s: the key has %d lines for %d faults", date, len(key), faults)
		}
		for effect, relation := range map[string]string{
			"reject":     "select file, record, reason, coalesce(column_name, '') as column_name from rejects where data_set = 'positions'",
			"exclusion":  "select file, record, reason, '' as column_name from exclusions where data_set = 'positions'",
			"unreadable": "select file, record, reason, column_name from unreadable_values where data_set = 'positions'",
		} {
			want, got := map[string]bool{}, map[string]bool{}
			for _, r := range key {
				if r["effect"] == effect {
					want[strings.Join([]string{r["file"], r["record"], r["reason"], r["column_name"]}, " ")] = true
				}
			}
			for _, r := range queryRecords(t, config, relation+" and as_of_date = date '"+date+"'") {
				got[strings.Join([]string{r["file"], r["record"], r["reason"], r["column_name"]}, " ")] = true
			}
			if diff := cmp.Diff(want, got); diff != "" || len(want) == 0 {
				t.Errorf("%s: %s (- planted, + found): %s", date, effect, diff)
			}
		}
		found := map[string]bool{}
		for _, r := range queryRecords(t, config, "select code, subject from findings where as_of_date = date '"+date+"'") {
			found[r["code"]+" "+r["subject"]] = true
		}
		for _, r := range key {
			if r["effect"] == "finding" && r["subject"] != "" && !found[r["reason"]+" "+r["subject"]] {
				t.Errorf("%s: planted %s %s is no finding", date, r["reason"], r["subject"])
			}
		}
	}
}

// TestSampleIsRepeatable holds that a book depends on its parameters alone, also
// where the engine reads it in more than one run of rows.
func TestSampleIsRepeatable(t *testing.T) {
	t.Parallel()
	positions := "260000"
	if testing.Short() {
		positions = "2000"
	}
	write := func(args ...string) map[string]string {
		folder := t.TempDir()
		mustRun(t, append([]string{"sample", "--out", folder, "--positions", positions, "--faults", "100"}, args...)...)
		files := map[string]string{}
		err := filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			text, err := os.ReadFile(path)
			files[strings.TrimPrefix(path, folder)] = string(text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return files
	}
	first := write()
	for _, threads := range []string{"1", "3"} {
		again := write("--threads", threads)
		for name, text := range first {
			if again[name] != text {
				t.Errorf("%s differs with %s threads", name, threads)
			}
		}
		if len(again) != len(first) {
			t.Errorf("%d files, then %d", len(first), len(again))
		}
	}
	if other := write("--seed", "12"); other["/positions_2007-09-30.csv"] == first["/positions_2007-09-30.csv"] {
		t.Error("another seed gives the same positions")
	}
}
