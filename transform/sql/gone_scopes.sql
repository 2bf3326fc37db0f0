-- gone_scopes: moved_positions, where positions that are gone stand to each scope as
-- their entities did when they went: at the event that closed them, or their last day, or
-- else at the as-of date
-- reads: moved_positions, opening_positions, lifecycle_since, own_counterparties
with gone as (
  select o.source_system, o.position_id, p.legal_entity, p.counterparty_entity, p.counterparty_id,
    least(coalesce({{if .ByEvents}}max(e.event_date) filter (where coalesce(e.notional_after, 0) = 0), {{end}}max(case when {{.LastDate "p."}} > {{.Since}} then {{.LastDate "p."}} end), {{.AsOf}}), {{.AsOf}}) as went
  from moved_positions as o
  join opening_positions as p on p.position_id = o.position_id and p.source_system = o.source_system{{if .ByEvents}}
  left join lifecycle_since as e on e.position_id = o.position_id and e.booking_date > {{.Since}} and e.booking_date <= {{.AsOf}}{{end}}
  where not o.is_open and not exists (select 1 from moved_positions as c where c.position_id = o.position_id and c.source_system = o.source_system and c.is_open)
  group by o.source_system, o.position_id, p.legal_entity, p.counterparty_entity, p.counterparty_id
),
stood as (
  select g.source_system, g.position_id{{range .Scopes}},
    {{.StatusOn "g.legal_entity" "coalesce(g.counterparty_entity, c.entity)" "g.went"}} as {{.Column}}{{end}}
  from gone as g
  left join own_counterparties as c on c.counterparty_id = g.counterparty_id and c.first_day <= g.went and c.last_day >= g.went
)
select
  m.source_system, m.position_id, m.currency, m.was_open, m.is_open, m.is_sliced{{range .ClassColumns}},
  m.opening_{{.}}, {{if $.IsScope .}}coalesce(s.{{.}}, m.{{.}}) as {{.}}{{else}}m.{{.}}{{end}}{{end}},
  m.opening_local, m.opening_notional, m.opening_fair_value, m.closing_local, m.closing_notional
from moved_positions as m
left join stood as s on s.position_id = m.position_id and s.source_system = m.source_system
