-- offsets_to_pair: one row per offset that no simple link and no pool decides
-- reads: offsets, simple_links
select o.source_system, o.position_id, o.currency, o.direction, o.trade_date, o.last_date, o.offsets_position_id, o.underlying, o.notional_local, o.notional, o.detail, o.book
from offsets as o
left join simple_links as l on l.source_system = o.source_system and l.position_id = o.position_id
where l.position_id is null and (o.offset_pool is null or o.offsets_position_id is not null)
order by o.position_id, o.source_system
