-- nightly_moves: one row per position, night and cause that the positions of two nights
-- in a row show by themselves; a position that is open at neither end has one class
-- for all its moves, so that they cancel
-- reads: night_moves, moved_positions
select
  n.event_id, n.source_system, n.position_id, n.event_date, n.currency, n.notional_local, coalesce(m.is_sliced, false) as is_sliced, m.position_id is not null as is_placed,
  n.cause{{range .ClassColumns}},
  coalesce(m.{{.}}, min(n.{{.}}) over (partition by n.source_system, n.position_id, n.currency)) as {{.}}{{end}}
from night_moves as n
left join moved_positions as m on m.position_id = n.position_id and m.source_system = n.source_system and m.currency = n.currency
