-- placed_events: one row per event booked after the opening and up to the as-of date,
-- with its amount in the trade's currency and, where its position is open in that
-- currency at either end, the class of that; one for each where several source systems,
-- or of an event without a currency several currencies, have its position: placed_once
-- takes one of them, a likely one where the event begins with the opening or ends with
-- the closing amount
-- reads: lifecycle_since, moved_positions
-- In two joins: "or" in the condition of an outer join makes the engine compare each
-- event with each position.
with booked as (
  select event_id, position_id, event_date, kind, currency, nullif(notional_before, 0) as notional_before, nullif(notional_after, 0) as notional_after,
    cast(coalesce(notional_after, cast(0 as decimal(18, 2))) - coalesce(notional_before, cast(0 as decimal(18, 2))) as decimal(18, 2)) as notional_local
  from lifecycle_since
  where booking_date > {{.Since}} and booking_date <= {{.AsOf}}
)
select e.event_id, e.position_id, e.event_date, e.kind, e.notional_local, m.source_system, e.currency, m.is_sliced, {{.Class "m"}}, m.is_open, coalesce(e.notional_before = m.opening_local, false) or coalesce(e.notional_after = m.closing_local, false) as is_likely,
  false as is_one_of_several
from booked as e
left join moved_positions as m on m.position_id = e.position_id and m.currency = e.currency
where e.currency is not null
union all
select e.event_id, e.position_id, e.event_date, e.kind, e.notional_local, m.source_system, m.currency, m.is_sliced, {{.Class "m"}}, m.is_open, coalesce(e.notional_before = m.opening_local, false) or coalesce(e.notional_after = m.closing_local, false) as is_likely,
  false as is_one_of_several
from booked as e
left join moved_positions as m on m.position_id = e.position_id
where e.currency is null
