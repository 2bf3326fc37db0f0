-- moved_positions: one row per position and currency that is open at either end, with
-- its amounts and classes at both, and its class: the closing one or, where it is gone,
-- the opening one
-- reads: placed_positions of both ends
select
  coalesce(c.source_system, o.source_system) as source_system,
  coalesce(c.position_id, o.position_id) as position_id,
  coalesce(c.currency, o.currency) as currency,
  o.position_id is not null as was_open,
  c.position_id is not null as is_open,
  coalesce(o.is_sliced, false) or coalesce(c.is_sliced, false) as is_sliced{{range .ClassColumns}},
  o.{{.}} as opening_{{.}},
  coalesce(c.{{.}}, o.{{.}}) as {{.}}{{end}},
  coalesce(o.notional_local, cast(0 as decimal(18, 2))) as opening_local,
  coalesce(o.notional, cast(0 as decimal(18, 2))) as opening_notional,
  coalesce(o.net_fair_value, cast(0 as decimal(18, 2))) as opening_fair_value,
  coalesce(c.notional_local, cast(0 as decimal(18, 2))) as closing_local,
  coalesce(c.notional, cast(0 as decimal(18, 2))) as closing_notional
from {{.Before}}positions_placed as o
full join {{.After}}positions_placed as c on c.position_id = o.position_id and c.source_system = o.source_system and c.currency = o.currency
