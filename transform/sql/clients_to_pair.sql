-- clients_to_pair: one row per client's trade that one of the offsets to pair names
-- or could be paired with, with what simple links have used of it
-- reads: client_trades, offsets_to_pair, simple_links
select c.source_system, c.position_id, c.currency, c.direction, c.trade_date, c.last_date, c.underlying, c.notional_local, c.notional,
  coalesce(u.notional_local, 0) as used_local
from client_trades as c
left join (select client_system, client_id, sum(notional_local) as notional_local from simple_links group by client_system, client_id) as u
  on u.client_system = c.source_system and u.client_id = c.position_id
where c.position_id in (select offsets_position_id from offsets_to_pair where offsets_position_id is not null)
  or c.underlying in (select underlying from offsets_to_pair where offsets_position_id is null and underlying is not null)
order by c.position_id, c.source_system
