-- movement_sums: one row per position that is not simply as it was: what is left to
-- explain in its own currency, what the rates made of opening and moves, and the
-- cents that rounding each of them leaves
-- reads: moved_positions, converted_moves, movement_rates
with sums as (
  select source_system, position_id, currency, sum(notional_local) as notional_local, sum(notional) as notional, sum(at_closing) as at_closing
  from converted_moves
  where is_placed
  group by source_system, position_id, currency
),
valued as (
  select m.*,
    coalesce(s.notional, 0) as moved, coalesce(s.at_closing, 0) as moved_at_closing,
    cast(m.closing_local - m.opening_local - coalesce(s.notional_local, 0) as decimal(18, 2)) as unexplained_local,
    convert_amount(m.opening_local, r.numerator, r.denominator) as opening_at_closing,
    r.numerator, r.denominator
  from moved_positions as m
  left join sums as s on s.position_id = m.position_id and s.source_system = m.source_system and s.currency = m.currency
  join movement_rates as r on r.currency = m.currency and r.event_date = {{.AsOf}}
),
explained as (
  select *, convert_amount(unexplained_local, numerator, denominator) as unexplained,
    cast(opening_at_closing - opening_notional + moved_at_closing - moved as decimal(18, 2)) as fx
  from valued
)
select
  source_system, position_id, currency, is_sliced, {{.Class ""}},
  unexplained_local, unexplained, fx,
  cast(closing_notional - opening_notional - moved - fx - unexplained as decimal(18, 2)) as cents
from explained
where unexplained_local <> 0 or fx <> 0 or closing_notional - opening_notional - moved - fx - unexplained <> 0
