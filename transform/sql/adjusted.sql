-- adjusted: one row per adjustment and class at either end: what it adds at the as-of
-- date less what it added at the opening, both at the as-of date's rate, and what the
-- rates made of the latter
-- reads: facts_in_terms, opening_facts_in_terms, movement_rates
with both_ends as (
  select source_system, position_id, adjustment_id, currency, notional_local, notional, cast(0 as decimal(18, 2)) as fx, {{.Class ""}}
  from facts_in_terms
  where origin = 'adjustment'
  union all
  select f.source_system, f.position_id, f.adjustment_id, f.currency, -f.notional_local, -convert_amount(f.notional_local, r.numerator, r.denominator),
    convert_amount(f.notional_local, r.numerator, r.denominator) - f.notional, {{.Class "f"}}
  from opening_facts_in_terms as f
  join movement_rates as r on r.currency = f.currency and r.event_date = {{.AsOf}}
  where f.origin = 'adjustment'
)
select max(source_system) as source_system, max(position_id) as position_id, adjustment_id, currency,
  cast(sum(notional_local) as decimal(18, 2)) as notional_local, cast(sum(notional) as decimal(18, 2)) as notional, cast(sum(fx) as decimal(18, 2)) as fx, {{.Class ""}}
from both_ends
group by adjustment_id, currency, {{.Class ""}}
