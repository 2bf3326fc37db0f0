-- event_moves: one row per event booked after the opening and up to the as-of date,
-- with its amount in the trade's currency and the class of its position; of an event
-- whose position is open in its currency at neither end, the class that was frozen at its events or,
-- where none was, at what it realized; our own entity on the other side is told by the
-- counterparty of what it realized at its date, where nothing says it; how such a position
-- stands to scopes is told at its last event
-- reads: placed_events, lifecycle_since, realized, own_counterparties
with gone as (
  select
    e.position_id, coalesce(min(e.currency), min(r.currency) filter (where r.is_frozen)) as currency,
    coalesce(min(e.instrument), min(r.instrument) filter (where r.is_frozen), 'unclassified') as instrument,
    coalesce(min(e.direction), min(r.direction) filter (where r.is_frozen), 'unclassified') as direction,
    coalesce(min(e.purpose), min(r.purpose) filter (where r.is_frozen), 'unclassified') as purpose,
    least(max(e.event_date), {{.AsOf}}) as went,
    coalesce(min(e.legal_entity), min(r.legal_entity)) as legal_entity,
    coalesce(min(e.counterparty_entity), min(r.counterparty_entity), min(c.entity)) as counterparty_entity
  from lifecycle_since as e
  left join (select *, instrument is not null and direction is not null as is_frozen from realized) as r on r.position_id = e.position_id
  left join own_counterparties as c on c.counterparty_id = r.counterparty_id and c.first_day <= r.event_date and c.last_day >= r.event_date
  where e.booking_date > {{.Since}} and e.booking_date <= {{.AsOf}}
    and e.position_id in (select position_id from placed_events where source_system is null)
  group by e.position_id
)
select
  e.event_id, e.source_system, e.position_id, e.event_date, coalesce(e.currency, g.currency) as currency, e.notional_local,
  coalesce(e.is_sliced, false) as is_sliced, e.source_system is not null as is_placed, e.source_system is null and g.legal_entity is null as lacks_entity, e.is_one_of_several,
  case
    when e.kind = 'new' and e.event_date <= {{.Since}} then 'late_trades'
    when e.kind = 'new' then 'new_trades'
    when e.kind = 'increase' then 'increases'
    when e.kind = 'novation_in' then 'novated_in'
    when e.kind = 'maturity' then 'matured'
    when e.kind in ('termination', 'partial_termination') then 'terminated'
    when e.kind = 'compression' then 'compressed'
    when e.kind = 'novation_out' then 'novated_out'
    when e.kind = 'amendment' then 'amended'
    when e.kind = 'amortisation' then 'amortised'
    when e.kind = 'exercise' then 'exercised'
    when e.kind = 'credit_event' then 'credit_events'
    when e.kind = 'index_factor' then 'index_factor'
    when e.kind = 'reclassification' then 'reclassified'
    when e.kind = 'correction' then 'corrections'
  end as cause,
  coalesce(e.direction, {{.Term "direction" "g.direction"}}) as direction,
  coalesce(e.instrument, {{.Term "instrument" "g.instrument"}}) as instrument,
  coalesce(e.funded, g.instrument = 'credit_linked_note') as funded,
  coalesce(e.counterparty_type, {{.Term "counterparty_type" "'unclassified'"}}) as counterparty_type,
  coalesce(e.purpose, {{.Term "purpose" "g.purpose"}}) as purpose{{range .Scopes}},
  coalesce(e.{{.Column}}, {{.StatusOn "g.legal_entity" "g.counterparty_entity" "g.went"}}) as {{.Column}}{{end}}
from placed_events as e
left join gone as g on g.position_id = e.position_id
