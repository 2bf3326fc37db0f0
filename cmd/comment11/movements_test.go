package main

import (
	"encoding/csv"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
)

var (
	booksOfTest = flag.Int("books", 1, "random books of TestMovements; scripts/long.sh does three")
	booksSeed   = flag.Uint64("books.seed", 0, "seed of the first of them, the next is one more; 0 draws one")
)

// keyCauses are the causes of movements by the names that the sample's key has for them.
var keyCauses = map[string]string{
	"opening": "opening", "new": "new_trades", "late": "late_trades", "increase": "increases", "novation_in": "novated_in", "maturity": "matured",
	"termination": "terminated", "partial_termination": "terminated", "compression": "compressed", "novation_out": "novated_out", "amendment": "amended",
	"amortisation": "amortised", "exercise": "exercised", "credit_event": "credit_events", "index_factor": "index_factor", "reclassification": "reclassified", "correction": "corrections",
}

// movedBy adds up the movements of a date by cause, direction, instrument and currency.
func movedBy(t *testing.T, config, date, causes string) map[string]string {
	t.Helper()
	return sums(t, queryRecords(t, config, "select cause, direction, instrument, currency, cast(sum(notional_local) as decimal(38, 2)) as notional from movements where as_of_date = date '"+
		date+"' and cause in ("+causes+") and attribute in ('none', 'position') and adjustment_id is null group by all"), "notional", "cause", "direction", "instrument", "currency")
}

func quotedCauses() string {
	var list []string
	for _, cause := range keyCauses {
		list = append(list, "'"+cause+"'")
	}
	slices.Sort(list)
	return strings.Join(slices.Compact(list), ", ")
}

// TestMovements holds the roll-forward of sampled books against their keys, which know
// the trades' lives and not the facts: each cause by direction, instrument and currency,
// and in the reporting currency each event at its own date's rate; and that nothing is
// left unexplained. To replay a seed: -args -books.seed, or comment11 sample --seed.
func TestMovements(t *testing.T) {
	if testing.Short() {
		t.Skip("one run after the other: go test without -short has it")
	}
	t.Parallel()
	books, first := *booksOfTest, *booksSeed
	if books == 1 && os.Getenv("LONG_TESTS") != "" { // scripts/long.sh
		books = 3
	}
	if first == 0 {
		first = rand.Uint64() >> 1
	}
	for n := range books {
		seed := strconv.FormatUint(first+uint64(n), 10)
		t.Run("seed "+seed, func(t *testing.T) {
			config, runs := sampleBook(t, "--positions", "4000", "--seed", seed, "--as-of", strings.Join(sampleDates, ","))
			folder, date := filepath.Dir(config), sampleDates[1]
			for _, c := range runs[date].Controls {
				if !c.Holds {
					t.Errorf("control %s %s: %s %s, %s %s", c.ID, c.Subject, c.LeftMeaning, c.Left, c.RightMeaning, c.Right)
				}
			}
			key := slices.DeleteFunc(readRecords(t, filepath.Join(folder, "key", "movements_"+date+".csv")), func(r map[string]string) bool { return r["cause"] == "closing" })
			for _, r := range key {
				r["cause"] = keyCauses[r["cause"]]
			}
			if diff := cmp.Diff(sums(t, key, "notional", "cause", "direction", "instrument", "currency"), movedBy(t, config, date, quotedCauses())); diff != "" {
				t.Errorf("movements (- key, + run): %s", diff)
			}
			compareConvertedMovements(t, config, date)
			if rows := queryRecords(t, config, "select position_id from movements where cause = 'unexplained'"); len(rows) > 0 {
				t.Errorf("%d movements are unexplained, the first of %s", len(rows), rows[0]["position_id"])
			}
			t.Run("withheld", func(t *testing.T) { withholdEvents(t, config, date, first+uint64(n)) })
			t.Run("without events", func(t *testing.T) { rollWithoutEvents(t, config, date) })
		})
	}
}

// compareConvertedMovements converts every event of the files with whole numbers.
func compareConvertedMovements(t *testing.T, config, date string) {
	t.Helper()
	folder := filepath.Dir(config)
	rates := map[string]map[string]string{}
	for _, r := range readRecords(t, filepath.Join(folder, "fx_rates.csv")) {
		if rates[r["currency"]] == nil {
			rates[r["currency"]] = map[string]string{}
		}
		rates[r["currency"]][r["rate_date"]] = r["rate"]
	}
	var own []map[string]string
	for _, r := range readRecords(t, filepath.Join(folder, "lifecycle_"+date+".csv")) {
		cause := keyCauses[r["kind"]]
		if cause == "new_trades" && r["event_date"] <= sampleDates[0] {
			cause = "late_trades"
		}
		moved := decimal.RequireFromString(r["notional_after"]).Sub(decimal.RequireFromString(r["notional_before"])).StringFixed(2)
		own = append(own, map[string]string{"cause": cause, "direction": r["direction"], "instrument": r["instrument"],
			"notional": inDollars(t, rates, r["currency"], r["event_date"], moved).String()})
	}
	run := queryRecords(t, config, "select cause, direction, instrument, cast(sum(notional) as decimal(38, 2)) as notional from movements where as_of_date = date '"+date+"' and event_id is not null and cause <> 'fx' group by all")
	if diff := cmp.Diff(sums(t, own, "notional", "cause", "direction", "instrument"), sums(t, run, "notional", "cause", "direction", "instrument")); diff != "" {
		t.Errorf("movements in the reporting currency (- events, + run): %s", diff)
	}
}

// withholdEvents takes k events away, both drawn from the seed, and finds exactly their
// trades unexplained.
func withholdEvents(t *testing.T, config, date string, seed uint64) {
	path := filepath.Join(filepath.Dir(config), "lifecycle_"+date+".csv")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(whole), "\n"), "\n")
	reader := csv.NewReader(strings.NewReader(string(whole)))
	records, err := reader.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]int{}
	for i, name := range records[0] {
		at[name] = i
	}
	events := map[string]int{}
	for _, r := range records[1:] {
		events[r[at["position_id"]]]++
	}
	var alone []int // events that are their trade's only one, and move it
	for i, r := range records[1:] {
		if events[r[at["position_id"]]] == 1 && r[at["notional_before"]] != r[at["notional_after"]] {
			alone = append(alone, i+1)
		}
	}
	random := rand.New(rand.NewPCG(seed, 11))
	random.Shuffle(len(alone), func(i, j int) { alone[i], alone[j] = alone[j], alone[i] })
	want := map[string]bool{}
	withheld := alone[:1+random.IntN(min(20, len(alone)))]
	for _, i := range withheld {
		want[records[i][at["position_id"]]] = true
	}
	var kept []string
	for i, line := range lines {
		if !slices.Contains(withheld, i) {
			kept = append(kept, line)
		}
	}
	if err := os.WriteFile(path, []byte(strings.Join(kept, "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := os.WriteFile(path, whole, 0o644); err != nil {
			t.Fatal(err)
		}
	}()
	if code, _, stderr := command(t, "run", "--config", config, "--as-of", date); code != 1 || !strings.Contains(stderr, "movements_unexplained") {
		t.Errorf("with %d events withheld: exit code %d, %s", len(want), code, stderr)
	}
	mustRun(t, "run", "--config", config, "--as-of", date, "--set", "limits.unexplained=100000000000000.00")
	got := map[string]bool{}
	for _, r := range queryRecords(t, config, "select position_id from movements where cause = 'unexplained'") {
		got[r["position_id"]] = true
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("unexplained (- withheld, + run): %s", diff)
	}
}

// rollWithoutEvents finds only what two books show, headed as inferred.
func rollWithoutEvents(t *testing.T, config, date string) {
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	var kept []string
	for _, line := range strings.Split(string(text), "\n") {
		if !strings.Contains(line, "data_set: lifecycle") {
			kept = append(kept, line)
		}
	}
	without := filepath.Join(filepath.Dir(config), "without.yaml")
	if err := os.WriteFile(without, []byte(strings.Join(kept, "\n")), 0o644); err != nil {
		t.Fatal(err)
	}
	mustRun(t, "run", "--config", without, "--as-of", date, "--compare", sampleDates[0])
	known := []string{"opening", "appeared", "disappeared", "matured", "amount_changed", "index_factor", "reclassified", "rule_or_reference_data", "scope", "adjustments", "fx", "cents_of_rounding"}
	for _, r := range queryRecords(t, without, "select distinct path, cause from movements") {
		if r["path"] != "two_point" || !slices.Contains(known, r["cause"]) {
			t.Errorf("without events there is the cause %s by the path %s", r["cause"], r["path"])
		}
	}
	labels := queryRecords(t, without, "select row_label, count(*) as cells from cells where table_id = 'comment-11f' and block_id = 'direction' and row_id in ('events', 'inferred') and as_of_date = date '"+date+"' group by all")
	if len(labels) != 1 || !strings.HasPrefix(labels[0]["row_label"], "Inferred from two balance sheet dates") {
		t.Errorf("the table is headed %v", labels)
	}
	appeared := queryRecords(t, without, "select count(*) as positions from movements where cause = 'appeared'")
	if n, err := strconv.Atoi(appeared[0]["positions"]); err != nil || n == 0 {
		t.Errorf("%v positions appeared", appeared)
	}
}
