-- converted_moves: one row per move, with its amount at the rate of its own date and
-- at that of the as-of date
-- reads: moves, movement_rates
select m.*,
  convert_amount(m.notional_local, e.numerator, e.denominator) as notional,
  convert_amount(m.notional_local, c.numerator, c.denominator) as at_closing
from moves as m
left join movement_rates as e on e.currency = m.currency and e.event_date = m.event_date
left join movement_rates as c on c.currency = m.currency and c.event_date = {{.AsOf}}
