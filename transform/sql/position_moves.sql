-- position_moves: one row per position, event and cause: all that moved positions but
-- for their class
-- reads: converted_moves, movement_sums
with transient_rates as ( -- what opened and closed between the two ends leaves in rates
  select event_id, source_system, position_id, event_date, currency, is_sliced, {{.Class ""}},
    cast(at_closing - notional as decimal(18, 2)) as fx, at_closing, notional_local
  from converted_moves
  where not is_placed
)
select source_system, position_id, event_id, event_date, cause, currency, is_sliced, notional_local, notional, {{.Class ""}}
from converted_moves
union all
select source_system, position_id, event_id, event_date, 'fx', currency, is_sliced, cast(0 as decimal(18, 2)), fx, {{.Class ""}}
from transient_rates
where fx <> 0
union all
select source_system, position_id, cast(null as varchar), cast(null as date), 'cents_of_rounding', currency, false, cast(0 as decimal(18, 2)), cast(-sum(at_closing) as decimal(18, 2)), {{.Class ""}}
from transient_rates
group by source_system, position_id, currency, {{.Class ""}}
having sum(at_closing) <> 0 and sum(notional_local) = 0
union all
select source_system, position_id, cast(null as varchar), cast(null as date), 'unexplained', currency, false, cast(-sum(notional_local) as decimal(18, 2)), cast(-sum(at_closing) as decimal(18, 2)), {{.Class ""}}
from transient_rates
group by source_system, position_id, currency, {{.Class ""}}
having sum(notional_local) <> 0
union all
select source_system, position_id, cast(null as varchar), cast(null as date), 'fx', currency, is_sliced, cast(0 as decimal(18, 2)), fx, {{.Class ""}}
from movement_sums
where fx <> 0
union all
select source_system, position_id, cast(null as varchar), cast(null as date), 'cents_of_rounding', currency, is_sliced, cast(0 as decimal(18, 2)), cents, {{.Class ""}}
from movement_sums
where cents <> 0
union all
select source_system, position_id, cast(null as varchar), cast(null as date), 'unexplained', currency, is_sliced, unexplained_local, unexplained, {{.Class ""}}
from movement_sums
where unexplained_local <> 0
