-- resliced: one row per position that is sliced at either end, and purpose whose share
-- of it changed: closing less opening less what moved; over the purposes of a position
-- it is nil, because moves are divided to the cent
-- reads: sliced_moves, opening_facts_in_terms, facts_in_terms, moved_positions
with compared as (
  select source_system, position_id, currency, purpose, -notional_local as notional_local, -notional as notional
  from sliced_moves
  union all
  select f.source_system, f.position_id, f.currency, f.purpose, -f.notional_local, -f.notional
  from opening_facts_in_terms as f
  join moved_positions as m on m.position_id = f.position_id and m.source_system = f.source_system and m.currency = f.currency
  where m.is_sliced and f.origin = 'position'
  union all
  select f.source_system, f.position_id, f.currency, f.purpose, f.notional_local, f.notional
  from facts_in_terms as f
  join moved_positions as m on m.position_id = f.position_id and m.source_system = f.source_system and m.currency = f.currency
  where m.is_sliced and f.origin = 'position'
),
moved as (
  select source_system, position_id, currency, purpose, cast(sum(notional_local) as decimal(18, 2)) as notional_local, cast(sum(notional) as decimal(18, 2)) as notional
  from compared
  group by source_system, position_id, currency, purpose
  having sum(notional_local) <> 0 or sum(notional) <> 0
)
select s.source_system, s.position_id, s.currency, s.notional_local, s.notional, {{.ClassBut "m" "purpose" "s.purpose"}}
from moved as s
join moved_positions as m on m.position_id = s.position_id and m.source_system = s.source_system and m.currency = s.currency
