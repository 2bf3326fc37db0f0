package transform

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"comment11/internal/position"
	"comment11/internal/store"
)

// lives makes the relations that a roll-forward reads, of as many trades: six in ten are
// open all along, two open and two close, one in twenty both; each has two events or
// more, in four currencies, and one in fifty changes its direction, purpose or type of
// counterparty by its own record, or its purpose by a rule alone.
func lives(tb testing.TB, db *store.DB, trades int) {
	tb.Helper()
	ctx := context.Background()
	var statements []string
	for _, name := range []string{"positions", "opening_positions", "realized", "fx_rates"} {
		set, _ := position.Find(strings.TrimPrefix(name, "opening_"))
		statements = append(statements, set.CreateTable(name))
	}
	statements = append(statements,
		fmt.Sprintf(`create table lives as
select i, 'T' || i as position_id, ['USD', 'EUR', 'JPY', 'GBP'][1 + i %% 4] as currency, i %% 10 <> 0 and i %% 20 <> 7 as was_open, i %% 10 <> 1 and i %% 20 <> 7 as is_open,
  ['bought', 'sold'][1 + i %% 2] as direction, ['cds_single_name', 'cds_index', 'total_return_swap'][1 + i %% 3] as instrument, ['trading', 'client'][1 + i // 2 %% 2] as purpose, ['bank', 'hedge_fund'][1 + i // 4 %% 2] as counterparty_type,
  cast(1000003 + i * 7919 %% 99991 * 100 as decimal(18, 2)) as amount, cast(333.33 + i %% 77 as decimal(18, 2)) as step, case when i %% 50 = 13 then i // 50 %% 4 else -1 end as change
from range(%d) as t(i)`, trades),
		`create table lifecycle_since as
with events as (
  select i, position_id, 'new' as kind, case when i % 100 = 20 then date '2006-12-20' else date '2007-01-01' + cast(i % 100 as integer) end as event_date, cast(0 as decimal(18, 2)) as before, amount as after, 1 as part from lives where not was_open
  union all
  select i, position_id, ['increase', 'amendment', 'correction'][1 + i % 3], date '2007-05-01' + cast(i % 50 as integer), amount, cast(amount + step as decimal(18, 2)), 2 from lives
  union all
  select i, position_id, ['partial_termination', 'amortisation', 'index_factor'][1 + i // 3 % 3], date '2007-07-01' + cast(i % 50 as integer), cast(amount + step as decimal(18, 2)), amount, 3 from lives where i % 8 <> 0 or not is_open
  union all
  select i, position_id, ['maturity', 'termination', 'novation_out', 'compression'][1 + i // 20 % 4], date '2007-09-01' + cast(i % 29 as integer), amount, cast(0 as decimal(18, 2)), 4 from lives where not is_open
)
select position_id || '-' || part as event_id, e.position_id, e.kind, e.event_date, greatest(e.event_date, date '2007-01-02') as booking_date, e.before as notional_before, e.after as notional_after,
  l.currency, l.instrument, l.direction, l.purpose, 'BANK' as legal_entity, cast(null as varchar) as counterparty_entity
from events as e join lives as l using (i, position_id)`,
		`insert into fx_rates by name select cast(d as date) as rate_date, 'EUR' as base_currency, c as currency,
  cast(r + (epoch(d) // 86400 % 97) / cast(1000 as decimal(8, 4)) as decimal(18, 8)) as rate from range(date '2006-12-15', date '2007-10-01', interval 1 day) as t(d), (values ('USD', 1.31), ('JPY', 157.12), ('GBP', 0.67)) as v(c, r)`)
	if err := db.CreateMacros(ctx); err != nil {
		tb.Fatal(err)
	}
	if err := db.Run(ctx, statements...); err != nil {
		tb.Fatal(err)
	}
	history, err := readRates(ctx, db, "fx_rates")
	if err != nil {
		tb.Fatal(err)
	}
	for side, at := range map[string]string{"opening_": "2006-12-31", "": "2007-09-30"} {
		day, _ := time.Parse(time.DateOnly, at)
		var conversions []conversion
		for _, currency := range []string{"EUR", "GBP", "JPY", "USD"} {
			c, ok := convert(currency, "USD", history.on(day, 5))
			if !ok {
				tb.Fatalf("no rate of %s at %s", currency, at)
			}
			conversions = append(conversions, c)
		}
		if err := writeConversions(ctx, db, side+"conversions", conversions); err != nil {
			tb.Fatal(err)
		}
		changed, open, amount := "false", "was_open", "amount"
		if side == "" {
			changed, open, amount = "true", "is_open", "case when i % 8 = 0 then amount + step else amount end"
		}
		if err := db.Run(ctx, fmt.Sprintf(`create table %[1]sfacts as
select 'S' as source_system, position_id, 0 as slice, 'position' as origin, cast(null as varchar) as adjustment_id, l.currency,
  case when %[2]s and change = 0 then case direction when 'sold' then 'bought' else 'sold' end else direction end as direction, instrument, false as funded,
  case when %[2]s and change = 1 then 'insurance' else counterparty_type end as counterparty_type, case when %[2]s and change in (2, 3) then 'client_offset' else purpose end as purpose,
  'label' as purpose_rule, 'external' as scope_group, cast(1 as decimal(18, 8)) as notional_factor, cast(%[4]s as decimal(18, 2)) as notional_local,
  convert_amount(cast(%[4]s as decimal(18, 2)), n.numerator, n.denominator) as notional, 'r' as release
from lives as l join %[1]sconversions as n on n.currency = l.currency where %[3]s`, side, changed, open, amount),
			fmt.Sprintf(`insert into %[1]spositions by name select 'S' as source_system, position_id, case when %[2]s and change = 0 then 'seller' else 'buyer' end as role, case when %[2]s and change = 1 then 'C2' else 'C1' end as counterparty_id,
  case when %[2]s and change = 2 then 'OFFSET' end as purpose_code, currency, cast(%[4]s as decimal(18, 2)) as notional, date '2012-12-20' as maturity_date from lives where %[3]s`, side, changed, open, amount)); err != nil {
			tb.Fatal(err)
		}
	}
}

func rollLives(tb testing.TB, db *store.DB, restated bool) []position.Control {
	tb.Helper()
	day := func(text string) time.Time { d, _ := time.Parse(time.DateOnly, text); return d }
	in := Input{AsOf: day("2007-09-30"), Release: "r", ReportingCurrency: "USD", RateAgeDays: 5, Scopes: []Scope{{Name: "group", All: true}}, Output: tb.TempDir()}
	if err := createTerms(context.Background(), db, in); err != nil {
		tb.Fatal(err)
	}
	_, controls, err := Movements(context.Background(), db, in, RollForward{Since: day("2006-12-31"), Path: "events", Unexplained: "0", Restated: restated})
	if err != nil {
		tb.Fatal(err)
	}
	return controls
}

func openLives(tb testing.TB, trades int) *store.DB {
	tb.Helper()
	db, err := store.Open(context.Background(), store.Settings{MemoryLimit: "1500MB", TemporaryFolder: tb.TempDir(), TemporaryLimit: "20GB"})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = db.Close() })
	lives(tb, db, trades)
	return db
}

// TestMovementsOfLives holds what movements say against the lives they are of: every
// control, each cause to the cent in the trades' currencies, and that a position whose
// own record changed is told from one that a rule moved.
func TestMovementsOfLives(t *testing.T) {
	db := openLives(t, 4000)
	// Readers were shown a book without the trade T5, and with T6 at another amount.
	if err := db.Run(context.Background(), "create table reported_facts as select * from opening_facts where position_id <> 'T5'",
		"update reported_facts set notional_local = notional_local + 7, notional = notional + 9 where position_id = 'T6'"); err != nil {
		t.Fatal(err)
	}
	for _, c := range rollLives(t, db, true) {
		if !c.Holds() {
			t.Errorf("control %s %s: %s %s, %s %s", c.ID, c.Subject, c.LeftMeaning, c.Left, c.RightMeaning, c.Right)
		}
	}
	count := func(query string) int64 {
		t.Helper()
		n, err := store.Scalar[int64](context.Background(), db, query)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := count(`
with told as (select event_id, notional_local from movements where event_id is not null and cause <> 'fx'),
lived as (select event_id, notional_after - notional_before as notional_local from lifecycle_since)
select count(*) from told full join lived using (event_id) where told.notional_local is distinct from lived.notional_local`); n > 0 {
		t.Errorf("%d events have another amount", n)
	}
	if n := count(`
select count(*) from movements as m join opening_facts as o on o.position_id = m.position_id
where m.cause = 'restated_opening' and m.notional = case m.position_id when 'T5' then o.notional when 'T6' then -9 end`); n != 2 || count("select count(*) from movements where cause = 'restated_opening'") != 2 {
		t.Errorf("%d trades of the opening are restated as they should be", n)
	}
	for cause, change := range map[string]string{"reclassified": "change in (0, 1, 2)", "rule_or_reference_data": "change = 3"} {
		if n := count("with moved as (select distinct position_id from movements where cause = '" + cause + "'), changed as (select position_id from lives where was_open and is_open and " + change +
			") select count(*) from moved full join changed using (position_id) where moved.position_id is null or changed.position_id is null"); n > 0 {
			t.Errorf("%s: %d positions too many or too few", cause, n)
		}
	}
	for what, query := range map[string]string{
		"late trades":             "select count(*) from movements where cause = 'late_trades'",
		"open at neither end":     "select count(*) from movements where source_system is null",
		"reclassified":            "select count(*) from movements where cause = 'reclassified'",
		"rules or reference data": "select count(*) from movements where cause = 'rule_or_reference_data'",
	} {
		if count(query) == 0 {
			t.Errorf("no movement is of %s", what)
		}
	}
	if n := count("select count(*) from movements where cause = 'unexplained'"); n > 0 {
		t.Errorf("%d movements are unexplained", n)
	}
}

// BenchmarkMovements rolls 1,000,000 positions with 2,000,000 events forward.
func BenchmarkMovements(b *testing.B) {
	db := openLives(b, 1_000_000)
	events, err := store.Scalar[int64](context.Background(), db, "select count(*) from lifecycle_since")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(events), "events")
	for b.Loop() {
		rollLives(b, db, false)
	}
}
