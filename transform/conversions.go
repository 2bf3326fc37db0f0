package transform

import (
	"context"
	"fmt"
	"maps"
	"math/big"
	"slices"
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
	rateDate               time.Time // zero for the reporting currency itself
	numerator, denominator *big.Int
}

// createConversions makes the relation conversions for every currency in which
// there is money. A rate that is missing, or older than allowed, stops the run
// and is named with its date.
func createConversions(ctx context.Context, db *store.DB, in Input) error {
	needed, err := store.Query(ctx, db, `
select currency, max(taken) from (
  select currency, true as taken from positions
  union all select fair_value_currency, true from positions
  union all select currency, true from adjustments
  union all select currency, false from rejects)
where currency is not null group by currency order by currency`)
	if err != nil {
		return err
	}
	rates, err := latestRates(ctx, db, in)
	if err != nil {
		return err
	}
	var conversions []conversion
	var missing []string
	for _, row := range needed.Rows {
		currency := row[0].(string)
		c, ok := convert(currency, in.ReportingCurrency, rates)
		switch {
		case !ok && row[1].(bool):
			missing = append(missing, currency)
			continue
		case !ok:
			continue // only rejects are in it: they stay unpriced
		}
		conversions = append(conversions, c)
	}
	if len(missing) > 0 {
		return fmt.Errorf("%w: no rate to %s at %s, nor in the %d days before, for %s; deliver the rates (data set fx_rates), nothing is converted without one",
			ErrData, in.ReportingCurrency, in.AsOf.Format(time.DateOnly), in.RateAgeDays, strings.Join(missing, ", "))
	}
	return writeConversions(ctx, db, conversions)
}

// rate is what one unit of a base costs in a currency.
type rate struct {
	base  string
	value decimal.Decimal
	date  time.Time
}

// latestRates gives for each base and currency the last rate on or before the
// as-of date, at most RateAgeDays old.
func latestRates(ctx context.Context, db *store.DB, in Input) (map[string]map[string]rate, error) {
	table, err := store.Query(ctx, db, fmt.Sprintf(`
select base_currency, currency, rate, rate_date from (
  select *, row_number() over (partition by base_currency, currency order by rate_date desc) as age
  from fx_rates where rate_date <= %s and rate_date >= %s)
where age = 1`, dateLiteral(in.AsOf), dateLiteral(in.AsOf.AddDate(0, 0, -in.RateAgeDays))))
	if err != nil {
		return nil, err
	}
	rates := map[string]map[string]rate{}
	for _, row := range table.Rows {
		base := row[0].(string)
		if rates[base] == nil {
			rates[base] = map[string]rate{base: {base: base, value: decimal.NewFromInt(1)}}
		}
		r := rate{base: base, value: row[2].(decimal.Decimal), date: row[3].(time.Time)}
		if r.value.IsPositive() {
			rates[base][row[1].(string)] = r
		}
	}
	return rates, nil
}

// convert crosses from a currency to the reporting one through a base that
// prices both; of several bases the first by name.
func convert(currency, reporting string, rates map[string]map[string]rate) (conversion, bool) {
	if currency == reporting {
		return conversion{currency: currency, numerator: big.NewInt(1), denominator: big.NewInt(1)}, true
	}
	for _, base := range slices.Sorted(maps.Keys(rates)) {
		from, okFrom := rates[base][currency]
		to, okTo := rates[base][reporting]
		if !okFrom || !okTo {
			continue
		}
		ratio := new(big.Rat).Quo(to.value.Rat(), from.value.Rat())
		date := from.date
		if date.IsZero() || (!to.date.IsZero() && to.date.Before(date)) {
			date = to.date
		}
		return conversion{currency, date, ratio.Num(), ratio.Denom()}, true
	}
	return conversion{}, false
}

func writeConversions(ctx context.Context, db *store.DB, conversions []conversion) error {
	most := big.NewInt(200_000_000_000_000_000) // what convert_amount can add without overflow
	rows := []string{"(cast(null as varchar), cast(null as date), cast(null as bigint), cast(null as bigint))"}
	for _, c := range conversions {
		date := "null"
		if !c.rateDate.IsZero() {
			date = dateLiteral(c.rateDate)
		}
		if !c.numerator.IsInt64() || c.denominator.Cmp(most) > 0 {
			return fmt.Errorf("%w: the rates of %s have too many digits: %s to %s", ErrData, c.currency, c.numerator, c.denominator)
		}
		rows = append(rows, fmt.Sprintf("(%s, %s, %s, %s)", store.Literal(c.currency), date, c.numerator, c.denominator))
	}
	return db.CreateTable(ctx, "conversions", "select currency, rate_date, numerator, denominator from (values "+
		strings.Join(rows, ", ")+") as v(currency, rate_date, numerator, denominator) where currency is not null order by currency")
}
