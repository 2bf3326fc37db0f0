-- measured: one row per position, with its current notional in the trade's currency,
-- what converts its money, and the classes that evidence and later columns ask for
-- reads: classified
with current as (
  select
    c.*,
    case
      when c.notional_basis = 'original' and c.attachment_point is not null then null
      when c.notional_basis = 'original' and c.index_name is not null then coalesce(c.index_factor, c.factor_of_index)
      else cast(1 as decimal(18, 8))
    end as notional_factor,
    case
      when c.notional_basis = 'original' and c.attachment_point is not null
        then cast(greatest(c.notional - coalesce(c.losses_to_date, 0), 0) as decimal(18, 2))
      when c.notional_basis = 'original' and c.index_name is not null and coalesce(c.index_factor, c.factor_of_index) is not null
        then times_factor(c.notional, coalesce(c.index_factor, c.factor_of_index))
      else c.notional
    end as notional_local,
    {{.Numerator "c.currency"}} as notional_numerator, {{.Denominator "c.currency"}} as notional_denominator,
    case when c.fair_value_currency is null then {{.Numerator "c.currency"}} else {{.Numerator "c.fair_value_currency"}} end as value_numerator,
    case when c.fair_value_currency is null then {{.Denominator "c.currency"}} else {{.Denominator "c.fair_value_currency"}} end as value_denominator
  from classified as c
)
select
  *,
  {{.Decided "direction"}} as direction,
  {{.Decided "direction_economic"}} as direction_economic,
  {{.Decided "obligation"}} as obligation,
  {{.Decided "purpose"}} as purpose,
  {{.Decided "counterparty_type"}} as type_decided,
  {{.Decided "rating_grade"}} as rating_grade,
  {{.Decided "maturity_bucket"}} as maturity_bucket,
  coalesce(product_instrument <> instrument and instrument <> {{.Term "instrument" "'unclassified'"}}, false) as product_disagrees
from current
