package store

import "context"

// Macro is a SQL function of our own, with its form on other engines: all other
// SQL of transform and disclosures is common to DuckDB, Trino and Spark.
type Macro struct {
	Name, DuckDB, Trino, Spark string
}

// Macros convert money exactly. Amounts become whole cents, so that a product
// with a rate that is a ratio of whole numbers, divided with rounding half away
// from zero, is exact and fast; where BIGINT would overflow, HUGEINT takes over.
// Denominators are below 2e17: createConversions in transform refuses others.
var Macros = []Macro{
	{
		Name: "convert_amount",
		DuckDB: `create or replace macro convert_amount(amount, numerator, denominator) as
  case
    when amount is null or numerator is null or denominator is null then cast(null as decimal(18, 2))
    when numerator = denominator then amount
    when abs(amount) < 45000000000000000 // numerator
      then cast(case when amount < 0 then -1 else 1 end
        * ((cast(abs(amount) * 100 as bigint) * numerator * 2 + denominator) // (denominator * 2)) as decimal(18, 0)) * cast(0.01 as decimal(2, 2))
    else cast(case when amount < 0 then -1 else 1 end
        * ((cast(abs(amount) * 100 as hugeint) * numerator * 2 + denominator) // (cast(denominator as hugeint) * 2)) as decimal(18, 0)) * cast(0.01 as decimal(2, 2))
  end`,
		// Trino divides decimals of scale 0 with rounding half away from zero.
		Trino: `cast(cast(amount * 100 as decimal(19, 0)) * cast(numerator as decimal(18, 0)) / cast(denominator as decimal(18, 0)) * decimal '0.01' as decimal(18, 2))`,
		Spark: `cast(sign(amount) * ((cast(abs(amount) * 100 as decimal(19, 0)) * cast(numerator as decimal(18, 0)) * 2 + denominator) div (cast(denominator as decimal(19, 0)) * 2)) * 0.01 as decimal(18, 2))`,
	},
	{
		Name: "times_factor",
		DuckDB: `create or replace macro times_factor(amount, factor) as
  cast(round(cast(amount as decimal(28, 2)) * cast(factor as decimal(10, 8)), 2) as decimal(18, 2))`,
		Trino: `cast(round(cast(amount as decimal(28, 2)) * cast(factor as decimal(10, 8)), 2) as decimal(18, 2))`,
		Spark: `cast(round(cast(amount as decimal(28, 2)) * cast(factor as decimal(10, 8)), 2) as decimal(18, 2))`,
	},
}

// CreateMacros makes the macros known to the database.
func (db *DB) CreateMacros(ctx context.Context) error {
	for _, m := range Macros {
		if err := db.Run(ctx, m.DuckDB); err != nil {
			return err
		}
	}
	return nil
}
