-- movements: one row per opening fact, and per position or adjustment, event, cause
-- and class that moved; together they are the facts of the as-of date
-- reads: opening_facts_in_terms, reported_facts_in_terms where the opening was restated since, position_moves, sliced_moves, resliced, moved_classes, adjusted
with moves as (
  select source_system, position_id, adjustment_id, cast(null as varchar) as event_id, cast(null as date) as event_date, 'opening' as cause,
    'none' as attribute, currency, notional_local, notional, {{.Class ""}}
  from {{if .Restated}}reported_facts_in_terms{{else}}opening_facts_in_terms{{end}}{{if .Restated}}
  union all
  select source_system, position_id, adjustment_id, cast(null as varchar), cast(null as date), 'restated_opening',
    'none', currency, notional_local, notional, {{.Class ""}}
  from restated{{end}}
  union all
  select source_system, position_id, cast(null as varchar), event_id, event_date, cause, case when cause = 'reclassified' then 'position' else 'none' end,
    currency, notional_local, notional, {{.Class ""}}
  from position_moves
  where not is_sliced
  union all
  select source_system, position_id, cast(null as varchar), event_id, event_date, cause, case when cause = 'reclassified' then 'position' else 'none' end,
    currency, notional_local, notional, {{.Class ""}}
  from sliced_moves
  union all
  select source_system, position_id, cast(null as varchar), cast(null as varchar), cast(null as date), 'reclassified', 'purpose',
    currency, notional_local, notional, {{.Class ""}}
  from resliced{{range .Steps}}
  union all
  select m.source_system, m.position_id, cast(null as varchar), cast(null as varchar), cast(null as date), {{.Cause}}, '{{.Attribute}}',
    m.currency, cast(-f.notional_local as decimal(18, 2)), cast(-f.notional as decimal(18, 2)), {{.Before}}
  from moved_classes as m
  join opening_facts_in_terms as f on f.position_id = m.position_id and f.source_system = m.source_system and f.currency = m.currency and f.origin = 'position'
  where {{.Where}}
  union all
  select m.source_system, m.position_id, cast(null as varchar), cast(null as varchar), cast(null as date), {{.Cause}}, '{{.Attribute}}',
    m.currency, f.notional_local, f.notional, {{.After}}
  from moved_classes as m
  join opening_facts_in_terms as f on f.position_id = m.position_id and f.source_system = m.source_system and f.currency = m.currency and f.origin = 'position'
  where {{.Where}}{{end}}
  union all
  select source_system, position_id, adjustment_id, cast(null as varchar), cast(null as date), 'adjustments', 'none',
    currency, notional_local, notional, {{.Class ""}}
  from adjusted
  where notional_local <> 0 or notional <> 0
  union all
  select source_system, position_id, adjustment_id, cast(null as varchar), cast(null as date), 'fx', 'none',
    currency, cast(0 as decimal(18, 2)), fx, {{.Class ""}}
  from adjusted
  where fx <> 0
)
select
  {{.Path}} as path, cause, attribute, source_system, position_id, adjustment_id, event_id, event_date, currency, {{.Class ""}},
  notional_local, notional, {{.AsOf}} as as_of_date, {{.Release}} as release
from moves
