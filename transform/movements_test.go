package transform

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"comment11/internal/position"
	"comment11/internal/store"
)

// lives makes the relations that a roll-forward reads, of as many trades whose lives are
// drawn from the seed: eight in ten are open all along, one opens and one closes, one in
// twenty both; each has an event or more, in four currencies, and one in twenty-five
// changes its direction, purpose or type of counterparty by its own record, or its
// purpose by a rule alone.
func lives(tb testing.TB, db *store.DB, trades int, seed uint64) {
	tb.Helper()
	ctx := context.Background()
	var statements []string
	for _, name := range []string{"positions", "opening_positions", "realized", "fx_rates"} {
		set, _ := position.Find(strings.TrimPrefix(name, "opening_"))
		statements = append(statements, set.CreateTable(name))
	}
	statements = append(statements,
		"create table own_counterparties (counterparty_id varchar, entity varchar, first_day date, last_day date)",
		fmt.Sprintf("create macro drawn(i, what, n) as cast(hash(concat_ws('/', i, what, '%d')) %% n as integer)", seed),
		fmt.Sprintf(`create table lives as
select i, 'T' || i as position_id, ['USD', 'EUR', 'JPY', 'GBP'][1 + drawn(i, 'currency', 4)] as currency, life not in (0, 2, 4) as was_open, life not in (1, 3, 4) as is_open,
  ['bought', 'sold'][1 + drawn(i, 'direction', 2)] as direction, ['cds_single_name', 'cds_index', 'total_return_swap'][1 + drawn(i, 'instrument', 3)] as instrument,
  ['trading', 'client'][1 + drawn(i, 'purpose', 2)] as purpose, ['bank', 'hedge_fund'][1 + drawn(i, 'type', 2)] as counterparty_type,
  cast(1000003 + drawn(i, 'amount', 999999999) * cast(0.01 as decimal(3, 2)) as decimal(18, 2)) as amount, cast(333.33 + drawn(i, 'step', 77777) * cast(0.01 as decimal(3, 2)) as decimal(18, 2)) as step,
  drawn(i, 'stays', 3) = 0 and life not in (1, 3, 4) as stays, case when drawn(i, 'changes', 25) = 13 then drawn(i, 'change', 4) else -1 end as change
from (select i, drawn(i, 'life', 20) as life from range(%d) as t(i)) as drawn_lives`, trades),
		`create table lifecycle_since as
with events as (
  select i, position_id, 'new' as kind, case when drawn(i, 'late', 20) = 0 then date '2006-12-20' else date '2007-01-01' + drawn(i, 'opens', 100) end as event_date, cast(0 as decimal(18, 2)) as before, amount as after, 1 as part from lives where not was_open
  union all
  select i, position_id, ['increase', 'amendment', 'correction'][1 + drawn(i, 'more', 3)], date '2007-05-01' + drawn(i, 'grows', 50), amount, cast(amount + step as decimal(18, 2)), 2 from lives
  union all
  select i, position_id, ['partial_termination', 'amortisation', 'index_factor'][1 + drawn(i, 'less', 3)], date '2007-07-01' + drawn(i, 'shrinks', 50), cast(amount + step as decimal(18, 2)), amount, 3 from lives where not stays
  union all
  select i, position_id, ['maturity', 'termination', 'novation_out', 'compression', 'exercise', 'credit_event'][1 + drawn(i, 'end', 6)], date '2007-09-01' + drawn(i, 'closes', 29), amount, cast(0 as decimal(18, 2)), 4 from lives where not is_open
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
			changed, open, amount = "true", "is_open", "case when stays then amount + step else amount end"
		}
		if err := db.Run(ctx, fmt.Sprintf(`create table %[1]sfacts as
select 'S' as source_system, position_id, 0 as slice, 'position' as origin, cast(null as varchar) as adjustment_id, l.currency,
  case when %[2]s and change = 0 then case direction when 'sold' then 'bought' else 'sold' end else direction end as direction, instrument, false as funded,
  case when %[2]s and change = 1 then 'insurance' else counterparty_type end as counterparty_type, case when %[2]s and change in (2, 3) then 'client_offset' else purpose end as purpose,
  'label' as purpose_rule, 'external' as scope_group, cast(1 as decimal(18, 8)) as notional_factor, cast(%[4]s as decimal(18, 2)) as notional_local,
  convert_amount(cast(%[4]s as decimal(18, 2)), n.numerator, n.denominator) as notional, cast(0 as decimal(18, 2)) as net_fair_value, 'r' as release
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
	controls, err := Movements(context.Background(), db, in, RollForward{Since: day("2006-12-31"), Path: "events", Unexplained: "0", Restated: restated})
	if err != nil {
		tb.Fatal(err)
	}
	return controls
}

func openLives(tb testing.TB, trades int, seed uint64) *store.DB {
	tb.Helper()
	db, err := store.Open(context.Background(), store.Settings{MemoryLimit: "1500MB", TemporaryFolder: tb.TempDir(), TemporaryLimit: "20GB"})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = db.Close() })
	lives(tb, db, trades, seed)
	return db
}

// TestMovementsOfLives holds what movements say against the lives they are of, with an
// opening that readers were shown otherwise.
func TestMovementsOfLives(t *testing.T) {
	seed := *livesSeed
	if seed == 0 {
		seed = rand.Uint64() >> 1
	}
	t.Logf("seed %d; -args -lives.seed %[1]d draws the same lives again", seed)
	db := openLives(t, 4000, seed)
	// Readers were shown a book without one trade, and with another at another amount.
	two, err := store.Query(context.Background(), db, "select position_id from opening_facts order by position_id limit 2")
	if err != nil {
		t.Fatal(err)
	}
	without, other := two.Rows[0][0], two.Rows[1][0]
	if err := db.Run(context.Background(), fmt.Sprintf("create table reported_facts as select * from opening_facts where position_id <> '%s'", without),
		fmt.Sprintf("update reported_facts set notional_local = notional_local + 7, notional = notional + 9 where position_id = '%s'", other)); err != nil {
		t.Fatal(err)
	}
	holdLives(t, db, true, nil)
	if n := counted(t, db, fmt.Sprintf(`
select count(*) from movements as m join opening_facts as o on o.position_id = m.position_id
where m.cause = 'restated_opening' and m.notional = case m.position_id when '%s' then o.notional when '%s' then -9 end`, without, other)); n != 2 || counted(t, db, "select count(*) from movements where cause = 'restated_opening'") != 2 {
		t.Errorf("%d trades of the opening are restated as they should be", n)
	}
	for what, query := range map[string]string{
		"late trades":             "select count(*) from movements where cause = 'late_trades'",
		"open at neither end":     "select count(*) from movements where source_system is null",
		"reclassified":            "select count(*) from movements where cause = 'reclassified'",
		"rules or reference data": "select count(*) from movements where cause = 'rule_or_reference_data'",
	} {
		if counted(t, db, query) == 0 {
			t.Errorf("no movement is of %s", what)
		}
	}
}

var (
	livesOfTest = flag.Int("lives", 3, "random books of TestRandomLives; scripts/lives.sh does 1,000")
	livesSeed   = flag.Uint64("lives.seed", 0, "seed of the first of them, the next is one more; 0 draws one")
)

// TestRandomLives rolls random books of random size forward, then withholds some of
// their events, each of another trade: exactly these trades are unexplained, by the
// amounts of their events.
func TestRandomLives(t *testing.T) {
	first := *livesSeed
	if first == 0 {
		first = rand.Uint64() >> 1
	}
	var trades, withheld int
	for n := range *livesOfTest {
		seed := first + uint64(n)
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 11))
			size := 20 + random.IntN(400)
			db := openLives(t, size, seed)
			defer db.Close()
			holdLives(t, db, false, nil)
			k := 1 + random.IntN(7)
			if err := db.Run(context.Background(), fmt.Sprintf(`create table withheld as
select event_id, position_id, cast(notional_after - notional_before as decimal(18, 2)) as amount from (
  select *, row_number() over (partition by position_id order by drawn(event_id, 'of the trade', 1000003), event_id) as place from lifecycle_since) where place = 1
order by drawn(event_id, 'withheld', 1000003), event_id limit %d`, k),
				"delete from lifecycle_since where event_id in (select event_id from withheld)"); err != nil {
				t.Fatal(err)
			}
			if got := counted(t, db, "select count(*) from withheld"); got != int64(k) {
				t.Fatalf("%d events were withheld, not %d", got, k)
			}
			holdLives(t, db, false, []string{"opening_and_movements_close", "movements_unexplained"})
			trades, withheld = trades+size, withheld+k
		})
	}
	t.Logf("%d books from seed %d with %d trades, %d events withheld; -args -lives %[1]d -lives.seed %[2]d does the same again", *livesOfTest, first, trades, withheld)
}

func counted(t *testing.T, db *store.DB, query string) int64 {
	t.Helper()
	n, err := store.Scalar[int64](context.Background(), db, query)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// holdLives rolls the lives forward and holds the movements against them: every control
// but those that must break, each event to the cent in the trade's currency and of its
// cause, who is reclassified by an own record or by a rule, and who is unexplained: the
// trades of the relation withheld where controls must break, else nobody.
func holdLives(t *testing.T, db *store.DB, restated bool, broken []string) {
	t.Helper()
	found := map[string]bool{}
	for _, c := range rollLives(t, db, restated) {
		if !c.Holds() {
			found[c.ID] = true
			if !slices.Contains(broken, c.ID) {
				t.Errorf("control %s %s: %s %s, %s %s", c.ID, c.Subject, c.LeftMeaning, c.Left, c.RightMeaning, c.Right)
			}
		}
	}
	if len(broken) > 0 && !found["movements_unexplained"] {
		t.Error("events are withheld, and the control movements_unexplained holds")
	}
	if n := counted(t, db, `
with told as (select event_id, cause, notional_local from movements where event_id is not null and cause <> 'fx'),
lived as (
  select event_id, notional_after - notional_before as notional_local,
    case kind when 'new' then case when event_date <= date '2006-12-31' then 'late_trades' else 'new_trades' end when 'increase' then 'increases' when 'maturity' then 'matured' when 'termination' then 'terminated'
      when 'partial_termination' then 'terminated' when 'novation_out' then 'novated_out' when 'compression' then 'compressed' when 'exercise' then 'exercised' when 'credit_event' then 'credit_events'
      when 'amendment' then 'amended' when 'correction' then 'corrections' when 'amortisation' then 'amortised' when 'index_factor' then 'index_factor' end as cause
  from lifecycle_since)
select count(*) from told full join lived using (event_id) where told.notional_local is distinct from lived.notional_local or told.cause is distinct from lived.cause`); n > 0 {
		t.Errorf("%d events have another amount or cause", n)
	}
	for cause, change := range map[string]string{"reclassified": "change in (0, 1, 2)", "rule_or_reference_data": "change = 3"} {
		if n := counted(t, db, "with moved as (select distinct position_id from movements where cause = '"+cause+"'), changed as (select position_id from lives where was_open and is_open and "+change+
			") select count(*) from moved full join changed using (position_id) where moved.position_id is null or changed.position_id is null"); n > 0 {
			t.Errorf("%s: %d positions too many or too few", cause, n)
		}
	}
	unexplained := "select count(*) from movements where cause = 'unexplained'"
	if len(broken) > 0 {
		unexplained = `
with told as (select position_id, sum(notional_local) as amount from movements where cause = 'unexplained' group by position_id)
select count(*) from told full join withheld using (position_id) where told.amount is distinct from withheld.amount`
	}
	if n := counted(t, db, unexplained); n > 0 {
		t.Errorf("%d trades are unexplained that should not be, or are not that should be", n)
	}
}

// TestEventInAnotherCurrency holds that an event in a currency in which its position is
// not open keeps that currency, and leaves its trade unexplained in both.
func TestEventInAnotherCurrency(t *testing.T) {
	db := openLives(t, 200, 11)
	if err := db.Run(context.Background(), `create table strange as select min(event_id) as event_id from lifecycle_since as e join lives as l using (position_id)
where l.was_open and l.is_open and l.currency = 'EUR' and notional_after <> notional_before`,
		"update lifecycle_since set currency = 'USD' where event_id in (select event_id from strange)"); err != nil {
		t.Fatal(err)
	}
	rollLives(t, db, false)
	if n := counted(t, db, "select count(*) from movements join strange using (event_id) where cause <> 'fx' and currency = 'USD' and source_system is null"); n != 1 {
		t.Errorf("%d movements are of the event in its own currency", n)
	}
	if n := counted(t, db, "select count(distinct currency) from movements where cause = 'unexplained' and position_id in (select position_id from lifecycle_since join strange using (event_id))"); n != 2 {
		t.Errorf("its trade is unexplained in %d currencies, not in that of the event and its own", n)
	}
}

// TestEventOfSeveralPositions holds that an event without a currency, of a position whose
// currency changed, stands once, with the currency whose amount it begins or ends with,
// and so does one of a position that two source systems have.
func TestEventOfSeveralPositions(t *testing.T) {
	db := openLives(t, 200, 11)
	if err := db.Run(context.Background(), `create table changed as select min(position_id) as position_id from lives
where was_open and is_open and currency = 'EUR' and change = -1 and not stays`,
		`delete from lifecycle_since where position_id in (select position_id from changed)`,
		`insert into lifecycle_since by name
select e.event_id, l.position_id, 'amendment' as kind, date '2007-04-02' as event_date, date '2007-04-02' as booking_date, e.before as notional_before, e.after as notional_after
from lives as l join changed using (position_id), (select 'out' as event_id, l.amount as before, 0 as after from lives as l join changed using (position_id)
  union all select 'in', 0, 1300) as e`,
		`update facts set currency = 'USD', notional_local = 1300, notional = 1300 where position_id in (select position_id from changed)`,
		`update positions set currency = 'USD', notional = 1300 where position_id in (select position_id from changed)`,
		`create table shared as select l.position_id, min(e.event_id) as event_id from lives as l join lifecycle_since as e on e.position_id = l.position_id
where was_open and is_open and l.currency = 'USD' and change = -1 group by l.position_id order by l.position_id limit 1`,
		`insert into opening_facts select * replace ('T' as source_system, 7 as notional_local, 7 as notional) from opening_facts where position_id in (select position_id from shared)`,
		`insert into facts select * replace ('T' as source_system, 7 as notional_local, 7 as notional) from facts where position_id in (select position_id from shared)`); err != nil {
		t.Fatal(err)
	}
	for _, c := range rollLives(t, db, false) {
		if !c.Holds() {
			t.Errorf("control %s %s: %s %s, %s %s", c.ID, c.Subject, c.LeftMeaning, c.Left, c.RightMeaning, c.Right)
		}
	}
	if n := counted(t, db, "select count(*) from movements where cause = 'amended' and (event_id = 'out' and currency = 'EUR' or event_id = 'in' and currency = 'USD')"); n != 2 {
		t.Errorf("%d of 2 events stand in the currency whose amount they begin or end with", n)
	}
	if n := counted(t, db, "select count(*) from movements where source_system = 'S' and cause <> 'fx' and event_id in (select event_id from shared)"); n != 1 {
		t.Errorf("%d movements are of the event of a position that two systems have", n)
	}
	if n := counted(t, db, "select count(*) from moves where is_one_of_several"); n < 3 {
		t.Errorf("%d events are noted as of several positions", n)
	}
}

// TestEventsAmongOurOwn holds that a trade that is open at neither end is internal where
// what it realized names a counterparty that is one of our own entities.
func TestEventsAmongOurOwn(t *testing.T) {
	db := openLives(t, 200, 11)
	if err := db.Run(context.Background(), "insert into own_counterparties values ('OURS', 'BROKER', date '0001-01-01', date '2007-09-20'), ('C1', 'BROKER', date '0001-01-01', date '2007-09-19')",
		`insert into realized by name select position_id as event_id, position_id, 'termination' as kind, date '2007-09-20' as event_date, date '2007-09-20' as booking_date, 'USD' as currency,
  'cds_index' as instrument, 'sold' as direction, case when i % 2 = 0 then 'OURS' else 'C1' end as counterparty_id from lives where not was_open and not is_open`); err != nil {
		t.Fatal(err)
	}
	rollLives(t, db, false)
	gone := "select count(*) from movements join lives using (position_id) where not was_open and not is_open"
	if n := counted(t, db, gone); n == 0 {
		t.Fatal("no trade is open at neither end")
	}
	if n := counted(t, db, gone+" and scope_group <> case when i % 2 = 0 then 'internal' else 'external' end"); n != 0 {
		t.Errorf("%d movements do not stand to the scope as their counterparty does", n)
	}
}

// TestMovementsAreJoinedByKeys looks at how the engine would make each relation of the
// roll-forward: an outer join with a condition that is no equality compares every row
// with every other, which no small book shows.
func TestMovementsAreJoinedByKeys(t *testing.T) {
	db := openLives(t, 200, 11)
	rollLives(t, db, false)
	day := func(text string) time.Time { d, _ := time.Parse(time.DateOnly, text); return d }
	in := Input{AsOf: day("2007-09-30"), Release: "r", Scopes: []Scope{{Name: "group", All: true}}}
	p := rollParameters{parameters: parameters{Input: in}, roll: RollForward{Since: day("2006-12-31"), Path: "events"}, before: "opening_", moved: "moved_positions", side: "facts", date: in.AsOf}
	for _, name := range []string{"facts_in_terms", "placed_positions", "moved_positions", "gone_scopes", "placed_events", "placed_once", "event_moves", "inferred_moves", "converted_moves", "movement_sums", "position_moves", "moved_classes", "movement_weights", "sliced_moves", "resliced", "adjusted", "movements"} {
		query, err := render(name, p)
		if err != nil {
			t.Fatal(err)
		}
		plan, err := store.Query(context.Background(), db, "explain "+query)
		if err != nil {
			t.Fatal(name, err)
		}
		if text := plan.Rows[0][1].(string); strings.Contains(text, "_NL_JOIN") || strings.Contains(text, "NESTED_LOOP") {
			t.Errorf("relation %s compares every row with every other:\n%s", name, text)
		}
	}
}

// BenchmarkMovements rolls 1,000,000 positions with 2,000,000 events forward.
func BenchmarkMovements(b *testing.B) {
	db := openLives(b, 1_000_000, 11)
	events, err := store.Scalar[int64](context.Background(), db, "select count(*) from lifecycle_since")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(events), "events")
	for b.Loop() {
		rollLives(b, db, false)
	}
}
