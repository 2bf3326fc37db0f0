package transform

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"comment11/internal/store"
)

// conversion is the exact ratio by which an amount becomes one in the reporting
// currency: numerator and denominator are the two published rates, scaled to
// whole numbers.
type conversion struct {
	currency               string
	eventDate              time.Time // zero for balances
	rateDate               time.Time // zero for the reporting currency itself
	numerator, denominator *big.Int
}

// createConversions makes the relation conversions for every currency in which
// there is money, and gives them. A rate that is missing, or older than allowed, stops
// the run and is named with its date.
func createConversions(ctx context.Context, db *store.DB, in Input) ([]conversion, error) {
	rates, err := readAllRates(ctx, db, in)
	if err != nil {
		return nil, err
	}
	needed, err := store.Query(ctx, db, `
select currency, max(taken) from (
  select currency, true as taken from positions
  union all select fair_value_currency, true from positions
  union all select currency, true from adjustments
  union all select currency, true from holdings
  union all select currency, true from collateral
  union all select currency, true from ledger where measure <> 'trading_revenue'
  union all select currency, false from rejects)
where currency is not null group by currency order by currency`)
	if err != nil {
		return nil, err
	}
	var conversions []conversion
	var missing []string
	for _, row := range needed.Rows {
		c, ok := rates.balance(row[0].(string))
		switch {
		case ok:
			conversions = append(conversions, c)
		case row[1].(bool):
			missing = append(missing, c.currency)
		default: // only rejects are in it: they stay unpriced
		}
	}
	if err := rates.missing(in.AsOf.Format(time.DateOnly), missing...); err != nil {
		return nil, err
	}
	if err := writeConversions(ctx, db, "conversions", conversions); err != nil {
		return nil, err
	}
	return conversions, nil
}

// createDatedConversions makes a relation of conversions, one for each row of the query,
// which gives dates and currencies. A rate that is missing stops the run; its message
// says what happened on the date.
func createDatedConversions(ctx context.Context, db *store.DB, in Input, relation, what, query string, on func(rates allRates, currency string, date time.Time) (conversion, bool)) error {
	rates, err := readAllRates(ctx, db, in)
	if err != nil {
		return err
	}
	needed, err := store.Query(ctx, db, query)
	if err != nil {
		return err
	}
	var conversions []conversion
	var faults []error
	for _, row := range needed.Rows {
		date, currency := row[0].(time.Time), row[1].(string)
		c, ok := on(rates, currency, date)
		c.eventDate = date
		conversions = append(conversions, c)
		if !ok {
			faults = append(faults, rates.missing(date.Format(time.DateOnly)+", "+what, currency))
		}
	}
	if err := errors.Join(faults...); err != nil {
		return err
	}
	return writeConversions(ctx, db, relation, conversions)
}

// ExplainConversions makes the relation explain_conversions, for every currency and day
// of pnl_explain after a date.
func ExplainConversions(ctx context.Context, db *store.DB, in Input, since time.Time) error {
	return createDatedConversions(ctx, db, in, "explain_conversions", "a day of pnl_explain",
		fmt.Sprintf("select distinct pnl_date, currency from pnl_explain where pnl_date > %s and pnl_date <= %s order by pnl_date, currency", dateLiteral(since), dateLiteral(in.AsOf)), allRates.event)
}

// allRates are the rates of a run, and those of another relation for what they lack.
type allRates struct {
	in              Input
	history, beside rateHistory
	rejected        func() (string, error) // what is said of rates that were delivered and rejected
}

func readAllRates(ctx context.Context, db *store.DB, in Input) (rates allRates, err error) {
	rates.in = in
	rates.rejected = func() (string, error) { return rejectedRates(ctx, db) }
	if rates.history, err = readRates(ctx, db, "fx_rates"); err != nil || in.Rates.Else == "" {
		return rates, err
	}
	rates.beside, err = readRates(ctx, db, in.Rates.Else)
	return rates, err
}

// balance converts a balance.
func (r allRates) balance(currency string) (conversion, bool) {
	on := r.in.AsOf
	if !r.in.Rates.On.IsZero() {
		on = r.in.Rates.On
	}
	return r.convert(currency, on, r.in.Rates.ElseOn)
}

// event converts what happened on a day, or takes effect after AsOf: then no later rate
// is known, even where one is delivered by now.
func (r allRates) event(currency string, day time.Time) (conversion, bool) {
	if day.After(r.in.AsOf) {
		day = r.in.AsOf
	}
	return r.convert(currency, day, day)
}

func (r allRates) convert(currency string, on, besideOn time.Time) (conversion, bool) {
	c, ok := convert(currency, r.in.ReportingCurrency, r.history.on(on, r.in.RateAgeDays))
	if !ok && r.beside != nil {
		return convert(currency, r.in.ReportingCurrency, r.beside.on(besideOn, r.in.RateAgeDays))
	}
	return c, ok
}

// missing is the error that there are no rates for currencies, nil where there are none.
func (r allRates) missing(date string, currencies ...string) error {
	if len(currencies) == 0 {
		return nil
	}
	rejected, err := r.rejected()
	if err != nil {
		return err
	}
	return fmt.Errorf("%w: no rate to %s at %s, nor in the %d days before, for %s; deliver the rates (data set fx_rates), nothing is converted without one%s",
		ErrData, r.in.ReportingCurrency, date, r.in.RateAgeDays, strings.Join(currencies, ", "), rejected)
}

// rejectedRates names the first records of rates that were rejected, and counts them: a
// rate that is missing may be one of them.
func rejectedRates(ctx context.Context, db *store.DB) (string, error) {
	const most = 5
	list, err := store.Query(ctx, db, "select file, record, reason, value from rejects where data_set = 'fx_rates' and fault = 1 order by file, record")
	if err != nil || len(list.Rows) == 0 {
		return "", err
	}
	text := fmt.Sprintf("; of what was delivered %d records of fx_rates were rejected:", len(list.Rows))
	if len(list.Rows) == 1 {
		text = "; of what was delivered one record of fx_rates was rejected:"
	}
	for _, row := range list.Rows[:min(most, len(list.Rows))] {
		text += fmt.Sprintf("\n  %v:%v: %v", row[0], row[1], row[2])
		if value, _ := row[3].(string); value != "" {
			text += fmt.Sprintf(" (%q)", value)
		}
	}
	if more := len(list.Rows) - most; more > 0 {
		text += fmt.Sprintf("\n  and %d more", more)
	}
	return text, nil
}

// rate is what one unit of a base costs in a currency.
type rate struct {
	value decimal.Decimal
	date  time.Time
}

// rateHistory has the rates of each base and currency in order of their dates.
type rateHistory map[string]map[string][]rate

func readRates(ctx context.Context, db *store.DB, relation string) (rateHistory, error) {
	table, err := store.Query(ctx, db, "select base_currency, currency, rate, rate_date from "+relation+" order by rate_date")
	if err != nil {
		return nil, err
	}
	history := rateHistory{}
	for _, row := range table.Rows {
		base, currency := row[0].(string), row[1].(string)
		if history[base] == nil {
			history[base] = map[string][]rate{}
		}
		history[base][currency] = append(history[base][currency], rate{row[2].(decimal.Decimal), row[3].(time.Time)})
	}
	return history, nil
}

// on gives for each base and currency the last rate on or before the date, at
// most some days old.
func (h rateHistory) on(date time.Time, age int) map[string]map[string]rate {
	rates := map[string]map[string]rate{}
	for base, currencies := range h {
		rates[base] = map[string]rate{base: {value: decimal.NewFromInt(1)}}
		for currency, list := range currencies {
			after := sort.Search(len(list), func(i int) bool { return list[i].date.After(date) })
			if after > 0 && !list[after-1].date.Before(date.AddDate(0, 0, -age)) {
				rates[base][currency] = list[after-1]
			}
		}
	}
	return rates
}

// convert crosses from a currency to the reporting one through a base that prices both;
// of several bases the one whose older rate is the newest, of these the first by name.
func convert(currency, reporting string, rates map[string]map[string]rate) (conversion, bool) {
	if currency == reporting {
		return conversion{currency: currency, numerator: big.NewInt(1), denominator: big.NewInt(1)}, true
	}
	best := conversion{currency: currency}
	for _, base := range slices.Sorted(maps.Keys(rates)) {
		from, okFrom := rates[base][currency]
		to, okTo := rates[base][reporting]
		if !okFrom || !okTo {
			continue
		}
		date := from.date
		if date.IsZero() || (!to.date.IsZero() && to.date.Before(date)) {
			date = to.date
		}
		if best.numerator == nil || date.After(best.rateDate) {
			ratio := new(big.Rat).Quo(to.value.Rat(), from.value.Rat())
			best.rateDate, best.numerator, best.denominator = date, ratio.Num(), ratio.Denom()
		}
	}
	return best, best.numerator != nil
}

func writeConversions(ctx context.Context, db *store.DB, relation string, conversions []conversion) error {
	most := big.NewInt(200_000_000_000_000_000) // what convert_amount can add without overflow
	rows := []string{"(cast(null as varchar), cast(null as date), cast(null as date), cast(null as bigint), cast(null as bigint))"}
	date := func(d time.Time) string {
		if d.IsZero() {
			return "null"
		}
		return dateLiteral(d)
	}
	for _, c := range conversions {
		if !c.numerator.IsInt64() || c.denominator.Cmp(most) > 0 {
			return fmt.Errorf("%w: the rates of %s have too many digits: %s to %s", ErrData, c.currency, c.numerator, c.denominator)
		}
		rows = append(rows, fmt.Sprintf("(%s, %s, %s, %s, %s)", store.Literal(c.currency), date(c.eventDate), date(c.rateDate), c.numerator, c.denominator))
	}
	columns := "currency, event_date, rate_date, numerator, denominator"
	if relation == "conversions" {
		columns = "currency, rate_date, numerator, denominator"
	}
	return db.CreateTable(ctx, relation, "select "+columns+" from (values "+strings.Join(rows, ", ")+
		") as v(currency, event_date, rate_date, numerator, denominator) where currency is not null order by event_date, currency")
}
