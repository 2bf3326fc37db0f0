-- sliced_moves: one row per move of a position that is sliced at either end, and slice
-- reads: position_moves, movement_weights
select
  m.source_system, m.position_id, m.event_id, m.event_date, m.cause, m.currency,
  cast(convert_amount(m.notional_local, w.part_to, w.part_whole) - convert_amount(m.notional_local, w.part_from, w.part_whole) as decimal(18, 2)) as notional_local,
  cast(convert_amount(m.notional, w.part_to, w.part_whole) - convert_amount(m.notional, w.part_from, w.part_whole) as decimal(18, 2)) as notional,
  {{.ClassBut "m" "purpose" "w.purpose"}}
from position_moves as m
join movement_weights as w on w.position_id = m.position_id and w.source_system = m.source_system and w.currency = m.currency
where m.is_sliced
