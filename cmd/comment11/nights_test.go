package main

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
)

var nightsOfTest = flag.Int("nights", 6, "nights of TestNightlyMovements; scripts/nights.sh does 60")

// inferredCause is the cause that the positions of two nights show of an event.
func inferredCause(event map[string]string) string {
	before, after := decimal.RequireFromString(event["notional_before"]), decimal.RequireFromString(event["notional_after"])
	switch {
	case event["kind"] == "index_factor":
		return "index_factor"
	case before.IsZero():
		return "appeared"
	case after.IsZero():
		return "disappeared"
	default:
		return "amount_changed"
	}
}

// TestNightlyMovements rolls the same book forward by its events and by the chained
// releases of every night. Of every trade and night with one event both know the same
// cause and the same amount; events alone know what else happened within a night, and
// whether what disappeared without maturing was terminated, novated or compressed.
func TestNightlyMovements(t *testing.T) {
	if os.Getenv("LONG_TESTS") == "" {
		t.Skip("takes minutes; scripts/long.sh runs it")
	}
	var dates []string
	for day := time.Date(2007, 9, 28, 0, 0, 0, 0, time.UTC); len(dates) <= *nightsOfTest; day = day.AddDate(0, 0, -1) {
		if day.Weekday() != time.Saturday && day.Weekday() != time.Sunday {
			dates = append([]string{day.Format(time.DateOnly)}, dates...)
		}
	}
	folder, first, last := t.TempDir(), dates[0], dates[len(dates)-1]
	config := filepath.Join(folder, "comment11.yaml")
	mustRun(t, "sample", "--out", folder, "--positions", "1000", "--seed", "5", "--as-of", strings.Join(dates, ","))
	mustRun(t, "backfill", "--config", config, "--start", first, "--end", dates[len(dates)-2])
	moves := func(path string) []map[string]string {
		mustRun(t, "run", "--config", config, "--as-of", last, "--compare", first, "--path", path)
		for _, r := range queryRecords(t, config, "select control_id, subject from controls where not holds and as_of_date = date '"+last+"'") {
			t.Errorf("by %s, control %s %s does not hold", path, r["control_id"], r["subject"])
		}
		return queryRecords(t, config, `
select m.cause, m.position_id, cast(m.event_date as varchar) as night, sum(m.notional_local) as notional_local, m.direction, m.instrument, m.currency from movements as m
where m.as_of_date = date '`+last+`' and m.cause in ('appeared', 'disappeared', 'matured', 'amount_changed', 'index_factor') group by all order by all`) // of all slices
	}
	if known := moves("events"); len(known) != 0 && known[0]["cause"] == "appeared" {
		t.Errorf("by events, positions appeared: %v", known[0])
	}
	byEvents := sums(t, queryRecords(t, config, "select direction, instrument, currency, cast(sum(notional_local) as decimal(38, 2)) as notional from movements where as_of_date = date '"+last+"' and cause <> 'opening' group by all"),
		"notional", "direction", "instrument", "currency")
	want, several := map[string]string{}, map[string]int{}
	for _, night := range dates[1:] {
		for _, event := range readRecords(t, filepath.Join(folder, "lifecycle_"+night+".csv")) {
			key := event["position_id"] + " " + night
			if several[key]++; several[key] > 1 {
				delete(want, key)
				continue
			}
			amount := decimal.RequireFromString(event["notional_after"]).Sub(decimal.RequireFromString(event["notional_before"]))
			if !amount.IsZero() {
				want[key] = inferredCause(event) + " " + event["direction"] + " " + event["instrument"] + " " + amount.StringFixed(2)
			}
		}
	}
	got := map[string]string{}
	for _, r := range moves("daily") {
		key := r["position_id"] + " " + r["night"]
		if several[key] > 1 {
			continue
		}
		if r["cause"] == "matured" {
			r["cause"] = "disappeared"
		}
		got[key] = strings.Join([]string{r["cause"], r["direction"], r["instrument"], r["notional_local"]}, " ")
	}
	if diff := cmp.Diff(want, got); diff != "" || len(want) < 5 {
		t.Errorf("%d trades and nights (- events, + nights): %s", len(want), diff)
	}
	byNights := sums(t, queryRecords(t, config, "select direction, instrument, currency, cast(sum(notional_local) as decimal(38, 2)) as notional from movements where as_of_date = date '"+last+"' and cause <> 'opening' group by all"),
		"notional", "direction", "instrument", "currency")
	if diff := cmp.Diff(byEvents, byNights); diff != "" {
		t.Errorf("all movements (- events, + nights): %s", diff)
	}
}
