-- reference_balances: one row per reference entity or none, direction and how they stand
-- to each scope; what the relations about reference entities are made of
-- reads: facts
select
  reference_entity_id, direction{{range .Scopes}}, {{.}}{{end}},
  sum(notional) as notional, sum(net_notional) as net_notional, sum(net_fair_value) as net_fair_value
from facts
where not funded
group by reference_entity_id, direction{{range .Scopes}}, {{.}}{{end}}
