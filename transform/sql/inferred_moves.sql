-- inferred_moves: one row per position and cause that the positions of two dates show
-- by themselves: appeared, disappeared, of which matured, amount and index factor
-- changed (DOMAIN: flows, two-point). What was triggered at the opening was settled
-- since, and did not mature. Of a factor, what it makes of the notional that the opening
-- stated; a notional that is stated as current at one of both dates tells of none.
-- reads: moved_positions, or those of two nights, and facts and positions of both dates
with gone as (
  select m.source_system, m.position_id, m.currency, {{.LastDate "p."}} as last_date,
    coalesce(p.status = 'triggered_unsettled', false) as was_triggered
  from {{.Moved}} as m
  join {{.Before}}positions as p on p.position_id = m.position_id and p.source_system = m.source_system
  where not m.is_open
),
factors as (
  select m.source_system, m.position_id, m.currency, times_factor(p.notional, c.notional_factor) - m.opening_local as by_factor
  from {{.Moved}} as m
  join {{.Before}}facts as o on o.position_id = m.position_id and o.source_system = m.source_system and o.origin = 'position' and o.slice <= 1
  join {{.After}}facts as c on c.position_id = m.position_id and c.source_system = m.source_system and c.origin = 'position' and c.slice <= 1
  join {{.Before}}positions as p on p.position_id = m.position_id and p.source_system = m.source_system
  join {{.After}}positions as q on q.position_id = m.position_id and q.source_system = m.source_system
  where m.was_open and m.is_open and m.opening_local <> m.closing_local
    and o.notional_factor <> c.notional_factor and p.index_name is not null and p.attachment_point is null
    and p.notional_basis = 'original' and q.notional_basis = 'original'
),
moves as (
  select m.*, 'appeared' as cause, m.closing_local as amount
  from {{.Moved}} as m
  where not m.was_open
  union all
  select m.*, case when g.last_date < {{.MoveDate}} and not g.was_triggered then 'matured' else 'disappeared' end, -m.opening_local
  from {{.Moved}} as m
  join gone as g on g.position_id = m.position_id and g.source_system = m.source_system and g.currency = m.currency
  union all
  select m.*, 'index_factor', cast(f.by_factor as decimal(18, 2))
  from {{.Moved}} as m
  join factors as f on f.position_id = m.position_id and f.source_system = m.source_system and f.currency = m.currency
  union all
  select m.*, 'amount_changed', cast(m.closing_local - m.opening_local - coalesce(f.by_factor, 0) as decimal(18, 2))
  from {{.Moved}} as m
  left join factors as f on f.position_id = m.position_id and f.source_system = m.source_system and f.currency = m.currency
  where m.was_open and m.is_open and m.opening_local <> m.closing_local
)
select
  cast(null as varchar) as event_id, source_system, position_id, {{.MoveDate}} as event_date, currency, amount as notional_local, is_sliced, true as is_placed,
  cause, {{.Class ""}}
from moves
where amount <> 0
