-- simple_links: one row per offset that names a client's trade of the opposite
-- direction and its own currency that is large enough for it and that no other
-- offset names: nearly all of them, and decided without looking at any other
-- reads: offsets, client_trades
with named as (
  select offsets_position_id, count(*) as offsets
  from offsets
  where offsets_position_id is not null
  group by offsets_position_id
),
clients as (
  select position_id, min(source_system) as source_system, min(currency) as currency, min(direction) as direction, min(notional_local) as notional_local
  from client_trades
  group by position_id
  having count(*) = 1
)
select o.source_system, o.position_id, c.source_system as client_system, c.position_id as client_id, o.book, o.notional_local, o.notional
from offsets as o
join named as n on n.offsets_position_id = o.offsets_position_id and n.offsets = 1
join clients as c on c.position_id = o.offsets_position_id
where o.currency = c.currency and o.notional_local <= c.notional_local
  and ((o.direction = 'bought' and c.direction = 'sold') or (o.direction = 'sold' and c.direction = 'bought') or (o.direction = 'two_way' and c.direction = 'two_way'))
