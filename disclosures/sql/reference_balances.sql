-- reference_balances: one row per reference entity or none, direction and how they stand
-- to each scope; what the relations about reference entities are made of
-- reads: facts
select
  reference_entity_id, {{.Words "class" "direction"}}, notional, net_fair_value,
  case direction when 'bought' then notional when 'sold' then -notional else 0 end as net_notional -- as of each fact, and cheaper of their sum
from (
  select reference_entity_id, {{.Code "direction"}} as class, sum(notional) as notional, sum(net_fair_value) as net_fair_value
  from facts
  where not funded
  group by reference_entity_id, class
) as grouped
