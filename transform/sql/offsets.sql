-- offsets: one row per client offset that is external to the first scope
-- reads: evidence_positions, externalised
select e.source_system, e.position_id, e.currency, e.direction, e.detail, e.book, e.trade_date, e.last_date, e.offsets_position_id, e.offset_pool, e.underlying, e.notional_local, e.notional
from evidence_positions as e
left join externalised as x on x.source_system = e.source_system and x.position_id = e.position_id
where e.purpose = 'client_offset' and e.{{.DecidingScope}} = 'external' and x.position_id is null
