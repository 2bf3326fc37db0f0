-- unmatched_offsets: one row per client offset of which some, or all, is of no
-- client's trade
-- reads: offsets_to_pair, offset_pairs
select o.source_system, o.position_id, o.detail, o.book, o.notional,
  cast(o.notional - coalesce(sum(p.notional), 0) as decimal(18, 2)) as unmatched
from offsets_to_pair as o
left join offset_pairs as p on p.source_system = o.source_system and p.position_id = o.position_id
group by o.source_system, o.position_id, o.detail, o.book, o.notional
having o.notional > coalesce(sum(p.notional), 0) or count(p.position_id) = 0
