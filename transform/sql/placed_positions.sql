-- placed_positions: one row per position and currency of one side of a roll-forward,
-- slices together, with the class of the first
-- reads: facts_in_terms of that side
select
  source_system, position_id, currency, direction, instrument, funded, counterparty_type, purpose{{range .Scopes}}, {{.Column}}{{end}},
  false as is_sliced, notional_local, notional, net_fair_value
from {{.Side}}_in_terms
where origin = 'position' and slice = 0
union all
select
  source_system, position_id, currency, min(direction), min(instrument), min(funded), min(counterparty_type), min(purpose) filter (where slice = 1){{range .Scopes}}, min({{.Column}}){{end}},
  true, cast(sum(notional_local) as decimal(18, 2)), cast(sum(notional) as decimal(18, 2)), cast(sum(net_fair_value) as decimal(18, 2))
from {{.Side}}_in_terms
where origin = 'position' and slice > 0
group by source_system, position_id, currency
