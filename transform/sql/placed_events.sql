-- placed_events: one row per event booked after the opening and up to the as-of date,
-- with its amount in the trade's currency and, where its position is open in that
-- currency at either end, the class of that
-- reads: lifecycle_since, moved_positions
-- In two joins: "or" in the condition of an outer join makes the engine compare each
-- event with each position.
with booked as (
  select event_id, position_id, event_date, kind, currency,
    cast(coalesce(notional_after, cast(0 as decimal(18, 2))) - coalesce(notional_before, cast(0 as decimal(18, 2))) as decimal(18, 2)) as notional_local
  from lifecycle_since
  where booking_date > {{.Since}} and booking_date <= {{.AsOf}}
)
select e.event_id, e.position_id, e.event_date, e.kind, e.notional_local, m.source_system, e.currency, m.is_sliced, {{.Class "m"}}
from booked as e
left join moved_positions as m on m.position_id = e.position_id and m.currency = e.currency
where e.currency is not null
union all
select e.event_id, e.position_id, e.event_date, e.kind, e.notional_local, m.source_system, m.currency, m.is_sliced, {{.Class "m"}}
from booked as e
left join moved_positions as m on m.position_id = e.position_id
where e.currency is null
