-- facts_in_terms: one row per fact of one side of a roll-forward, its class as terms:
-- as texts the classes of both sides would not stay in memory
-- reads: facts, or those of the opening
select
  source_system, position_id, slice, origin, adjustment_id, currency, notional_local, notional, net_fair_value{{range .ClassColumns}},
  {{$.ClassTerm . .}} as {{.}}{{end}}
from {{.Side}}
