package transform

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"comment11/internal/position"
	"comment11/internal/store"
)

// Realized is how realized events are read.
type Realized struct {
	DerivesCash    bool      // events that have cash alone get an amount (DOMAIN: flows)
	DeliveredSince time.Time // first booking date that is delivered; zero: told by the earliest event that is no upfront held as basis
	YearBefore     YearBefore
}

// YearBefore is the fiscal year to date of the year before, and its quarter to date.
type YearBefore struct {
	Start, QuarterStart, AsOf        time.Time
	FirstBusinessDay, FirstOfQuarter time.Time // the first business days on or after the starts
}

// RealizedOutcome is what became of realized events.
type RealizedOutcome struct {
	YearBefore, Quarter bool   // the year before is delivered: its year to date, its quarter
	Reason              string // why not, where one of them is not
	Cash                bool   // some event of the fiscal year to date says its cash
}

// realizedParameters are what the templates of realized events may ask for.
type realizedParameters struct {
	parameters
	from time.Time // first booking date of the year before that counts, after its end where none does
}

func (p realizedParameters) DerivesCash() string     { return fmt.Sprint(p.Realized.DerivesCash) }
func (p realizedParameters) YearBeforeFrom() string  { return dateLiteral(p.from) }
func (p realizedParameters) YearBeforeStart() string { return dateLiteral(p.Realized.YearBefore.Start) }
func (p realizedParameters) YearBeforeAsOf() string  { return dateLiteral(p.Realized.YearBefore.AsOf) }
func (p realizedParameters) YearBeforeQuarterStart() string {
	return dateLiteral(p.Realized.YearBefore.QuarterStart)
}

// RealizedFacts writes the realized facts, after Facts, and makes the relation
// realized_facts.
func RealizedFacts(ctx context.Context, db *store.DB, in Input) (RealizedOutcome, error) {
	outcome, err := deliveredYearBefore(ctx, db, in)
	if err != nil {
		return outcome, err
	}
	if err := createEventConversions(ctx, db, in, &outcome); err != nil {
		return outcome, err
	}
	if err := releaseBasis(ctx, db, in); err != nil {
		return outcome, err
	}
	p := realizedParameters{parameters{Input: in}, in.Realized.YearBefore.from(outcome)}
	query, err := render("realized_facts", p)
	if err != nil {
		return outcome, err
	}
	lists := position.RealizedFacts(p.scopeNames()).ClosedLists()
	lists["release"] = []string{in.Release}
	file := filepath.Join(in.Output, "realized_facts.parquet")
	if err := db.WriteParquet(ctx, query, file, lists); err != nil {
		return outcome, fmt.Errorf("writing the realized facts: %w", err)
	}
	if err := db.CreateOverFiles(ctx, "realized_facts", "select * from "+store.PlainParquet(file)); err != nil {
		return outcome, err
	}
	outcome.Cash, err = store.Scalar[bool](ctx, db, "select exists (select 1 from realized_facts where fiscal_year = 'this_year' and cash is not null)")
	return outcome, err
}

// from is the first booking date of the year before that counts.
func (y YearBefore) from(outcome RealizedOutcome) time.Time {
	switch {
	case outcome.YearBefore:
		return y.Start
	case outcome.Quarter:
		return y.QuarterStart
	default:
		return y.AsOf.AddDate(0, 0, 1)
	}
}

// deliveredYearBefore tells whether the events reach back to the beginning of the
// year before, and of its quarter. That a period has some events does not tell that it
// has all of them, so that its beginning decides.
func deliveredYearBefore(ctx context.Context, db *store.DB, in Input) (RealizedOutcome, error) {
	y, since, how := in.Realized.YearBefore, in.Realized.DeliveredSince, "as realized.delivered_since says"
	if since.IsZero() {
		// Upfronts of long ago may be there for their basis alone.
		table, err := store.Query(ctx, db, "select min(booking_date) from realized where kind not in ('upfront', 'option_premium') or realized_gain_loss is not null")
		if err != nil {
			return RealizedOutcome{}, err
		}
		first, some := table.Rows[0][0].(time.Time)
		if !some {
			return RealizedOutcome{Reason: "no event is delivered, or upfronts held as basis alone"}, nil
		}
		since, how = first, "by the booking of the earliest that is no upfront held as basis; realized.delivered_since can say otherwise"
		if !since.After(y.FirstBusinessDay) {
			since = y.Start
		} else if !since.After(y.FirstOfQuarter) && since.After(y.QuarterStart) {
			since = y.QuarterStart
		}
	}
	outcome := RealizedOutcome{YearBefore: !since.After(y.Start), Quarter: !since.After(y.QuarterStart)}
	if !outcome.YearBefore {
		outcome.Reason = fmt.Sprintf("events are delivered from %s on (%s), and that year began on %s",
			since.Format(time.DateOnly), how, y.Start.Format(time.DateOnly))
		if !outcome.Quarter {
			outcome.Reason += ", its quarter on " + y.QuarterStart.Format(time.DateOnly)
		}
	}
	return outcome, nil
}

// createEventConversions makes the relation event_conversions, for every currency and
// date of an event that counts. A rate of this year that is missing stops the run; the
// year before is left out without its rates, and the outcome says why.
func createEventConversions(ctx context.Context, db *store.DB, in Input, outcome *RealizedOutcome) error {
	rates, err := readAllRates(ctx, db, in)
	if err != nil {
		return err
	}
	needed, err := store.Query(ctx, db, fmt.Sprintf(
		"select event_date, currency, max(booking_date) >= %[1]s as this_year, max(booking_date) filter (where booking_date <= %[4]s) >= %[5]s as its_quarter from realized"+
			" where (booking_date >= %[1]s and booking_date <= %[2]s) or (booking_date >= %[3]s and booking_date <= %[4]s) group by event_date, currency order by event_date, currency",
		dateLiteral(in.YearStart), dateLiteral(in.AsOf), dateLiteral(in.Realized.YearBefore.from(*outcome)), dateLiteral(in.Realized.YearBefore.AsOf), dateLiteral(in.Realized.YearBefore.QuarterStart)))
	if err != nil {
		return err
	}
	var conversions []conversion
	var faults []error
	for _, row := range needed.Rows {
		date := row[0].(time.Time)
		c, ok := rates.event(row[1].(string), date)
		c.eventDate = date
		switch inQuarter, _ := row[3].(bool); {
		case ok:
			conversions = append(conversions, c)
		case row[2].(bool):
			faults = append(faults, rates.missing(date.Format(time.DateOnly)+", the date of an event", c.currency))
		default:
			outcome.YearBefore, outcome.Quarter = false, outcome.Quarter && !inQuarter
			outcome.Reason = fmt.Sprintf("there is no rate of %s for an event of %s", c.currency, date.Format(time.DateOnly))
		}
	}
	if err := errors.Join(faults...); err != nil {
		return err
	}
	return writeConversions(ctx, db, "event_conversions", conversions)
}

// basis is what was paid or received for a position that has cash alone, and is not
// released yet, by currency.
type basis map[string]decimal.Decimal

// closing is an event with which basis is released: how much, none where that cannot be
// told.
type closing struct {
	event, position, currency string
	released                  decimal.NullDecimal
}

// releaseBasis makes the relation released_basis: of each event that closes a position
// for which upfront or option premium was given as cash alone, what is released of that
// with it, in proportion to what it closes; what closes all takes the rest. Events count
// in the order in which they were booked: what a period released does not change by what a
// later one books, and over all periods every cent is released once. Basis that nothing
// closes is left in held_basis.
func releaseBasis(ctx context.Context, db *store.DB, in Input) error {
	if err := db.Run(ctx, "create or replace table released_basis (event_id varchar, position_id varchar, currency varchar, released decimal(18, 2))",
		"create or replace table held_basis (position_id varchar, currency varchar, held decimal(18, 2))"); err != nil || !in.Realized.DerivesCash {
		return err
	}
	table, err := store.Query(ctx, db, fmt.Sprintf(`
with basis as (
  select distinct position_id from realized
  where kind in ('upfront', 'option_premium') and realized_gain_loss is null and cash is not null and booking_date <= %[1]s
),
still_open as (
  select position_id, case when count(*) = 1 then min(instrument) end as instrument
  from position_facts_written where position_id in (select position_id from basis) group by position_id
)
select r.event_id, r.position_id, r.kind, r.currency,
  case when r.kind in ('upfront', 'option_premium') then r.cash end as basis,
  case
    when r.closed_share is not null then r.closed_share
    when r.kind in ('termination', 'novation', 'maturity', 'exercise') then cast(1 as decimal(18, 8))
    when r.kind = 'credit_event' and coalesce(r.instrument, p.instrument) not in ('cds_index', 'cds_index_tranche', 'cds_bespoke_tranche', 'unclassified') then cast(1 as decimal(18, 8))
  end as closed_share,
  r.event_date,
  p.position_id is not null as is_open
from realized as r
join basis as b on b.position_id = r.position_id
left join still_open as p on p.position_id = r.position_id
where r.booking_date <= %[1]s
  and ((r.kind in ('upfront', 'option_premium') and r.realized_gain_loss is null and r.cash is not null)
    or r.kind in ('partial_termination', 'termination', 'novation', 'maturity', 'exercise', 'credit_event'))
order by r.position_id, r.booking_date, r.event_date, r.kind not in ('upfront', 'option_premium'), r.event_id`, dateLiteral(in.AsOf)))
	if err != nil {
		return err
	}
	var closings, left []string // rows
	for start := 0; start < len(table.Rows); {
		end := start
		for end < len(table.Rows) && table.Rows[end][1] == table.Rows[start][1] {
			end++
		}
		held, released := closePosition(table.Rows[start:end])
		for _, c := range released {
			amount := "null"
			if c.released.Valid {
				amount = c.released.Decimal.StringFixed(2)
			}
			closings = append(closings, fmt.Sprintf("(%s, %s, %s, %s)", store.Literal(c.event), store.Literal(c.position), store.Literal(c.currency), amount))
		}
		for _, currency := range heldCurrencies(held) {
			left = append(left, fmt.Sprintf("(%s, %s, %s)", store.Literal(table.Rows[start][1].(string)), store.Literal(currency), held[currency].StringFixed(2)))
		}
		start = end
	}
	return errors.Join(insertRows(ctx, db, "released_basis", closings), insertRows(ctx, db, "held_basis", left))
}

// closePosition goes through the events of one position in the order of their booking.
// Basis that is booked after a close of its day or later is released with itself as far as
// that close would have released it. So is what settles after all was closed, where the
// position is not open again. Once it cannot be told what an event released, nothing after
// it can.
func closePosition(events [][]any) (basis, []closing) {
	held, known, one := basis{}, true, decimal.NewFromInt(1)
	type part struct {
		date time.Time
		left decimal.Decimal // share of the position
	}
	var closed []part
	var closings []closing
	for i, e := range events {
		currency, date := e[3].(string), e[6].(time.Time)
		c := closing{event: e[0].(string), position: e[1].(string), currency: currency}
		if amount, isBasis := e[4].(decimal.Decimal); isBasis {
			left, leftOfAll := one, one
			for _, c := range closed {
				leftOfAll = leftOfAll.Mul(c.left)
				if !c.date.Before(date) {
					left = left.Mul(c.left)
				}
			}
			isOpen := e[7].(bool) || slices.ContainsFunc(events[i:], func(later []any) bool { return later[4] == nil })
			if leftOfAll.IsZero() && !isOpen {
				left = leftOfAll
			}
			if late := amount.Sub(amount.Mul(left).Round(2)); known && !left.Equal(one) {
				c.released = decimal.NewNullDecimal(late)
				closings = append(closings, c)
				amount = amount.Sub(late)
			}
			held[currency] = held[currency].Add(amount)
			continue
		}
		share, told := e[5].(decimal.Decimal)
		known = known && told && onlyIn(held, currency)
		if known {
			c.released = decimal.NewNullDecimal(held[currency].Mul(share).Round(2))
			held[currency] = held[currency].Sub(c.released.Decimal)
			closed = append(closed, part{date, one.Sub(share)})
		}
		closings = append(closings, c)
	}
	return held, closings
}

// onlyIn tells whether nothing is held in another currency.
func onlyIn(held basis, currency string) bool {
	for other, amount := range held {
		if other != currency && !amount.IsZero() {
			return false
		}
	}
	return true
}

// heldCurrencies are those in which something is held, in their order.
func heldCurrencies(held basis) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(held)), func(currency string) bool { return held[currency].IsZero() })
}
