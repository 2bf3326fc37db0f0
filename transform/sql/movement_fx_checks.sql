-- movement_fx_checks: one row per currency: opening and moves by date, in the trades'
-- currency, with the rates that the change is computed from anew
-- reads: opening_facts, moves, movements, opening_conversions, movement_rates
select cast('opening' as varchar) as part, f.currency, cast(sum(f.notional_local) as decimal(38, 2)) as notional_local, count(*) as records,
  o.numerator as numerator_then, o.denominator as denominator_then, c.numerator as numerator_now, c.denominator as denominator_now
from opening_facts as f
join opening_conversions as o on o.currency = f.currency
join movement_rates as c on c.currency = f.currency and c.event_date = {{.AsOf}}
group by f.currency, o.numerator, o.denominator, c.numerator, c.denominator
union all
select 'moves', m.currency, cast(sum(m.notional_local) as decimal(38, 2)), 2 * count(*), e.numerator, e.denominator, c.numerator, c.denominator
from moves as m
join movement_rates as e on e.currency = m.currency and e.event_date = m.event_date
join movement_rates as c on c.currency = m.currency and c.event_date = {{.AsOf}}
group by m.currency, e.numerator, e.denominator, c.numerator, c.denominator
order by 2, 1, 3
