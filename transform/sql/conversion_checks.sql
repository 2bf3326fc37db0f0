-- conversion_checks: one row per currency and measure: the sum in the trade's
-- currency with the exact ratio, against the facts' sum of cents
-- reads: positions, applied_adjustments, facts_stored, conversions
select 'notional' as measure, f.currency, f.records,
  cast(f.notional_local as decimal(38, 2)) as local, cast(f.notional as decimal(38, 2)) as converted, n.numerator, n.denominator
from (
  select currency, count(*) as records, sum(notional_local) as notional_local, sum(notional) as notional from facts_stored group by currency
) as f
join conversions as n on n.currency = f.currency
order by f.currency
