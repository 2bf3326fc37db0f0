-- placed_once: one row per event, of those that could be of several positions: a likely
-- one, else one that is open, else the first by name
-- reads: placed_events
with choices as (
  select *, count(*) over (partition by event_id) as choices,
    row_number() over (partition by event_id order by case when is_likely then 1 when is_open then 2 else 3 end, source_system, currency) as choice
  from placed_events
)
select event_id, position_id, event_date, kind, notional_local, source_system, currency, is_sliced, {{.Class ""}}, is_open, is_likely, choices > 1 as is_one_of_several
from choices
where choice = 1
