-- reference_ranks, fact by fact: one row per fact that the relation adds up, with the
-- place that its reference entity has there
-- reads: facts, ranked, reference_ranks
with names as (
  select place, min(name) as name from reference_ranks where {{.Scope}} = 'external' group by place
)
select
  f.source_system, f.position_id, f.slice, f.adjustment_id, f.instrument, f.instrument_rule, f.direction, f.direction_rule,
  f.purpose, f.counterparty_id, f.reference_entity_id, f.currency, f.notional_local,
  f.notional, f.net_notional, f.net_fair_value, f.{{.Scope}},
  case when r.place <= 10 then cast(r.place as varchar) else 'others' end as place,
  n.name
from facts as f
left join ranked as r on r.reference_entity_id = f.reference_entity_id
left join names as n on n.place = case when r.place <= 10 then cast(r.place as varchar) else 'others' end
where f.{{.Scope}} = 'external' and not f.funded and f.reference_entity_id is not null
