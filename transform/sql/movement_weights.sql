-- movement_weights: one row per slice of a position that is sliced at either end: its
-- share, in cents, by which what moved the position is divided: that of the closing
-- or, where the position is gone, of the opening
-- reads: moved_positions, facts_in_terms, opening_facts_in_terms
with parts as (
  select m.source_system, m.position_id, m.currency, f.purpose, f.slice, f.notional
  from moved_positions as m
  join facts_in_terms as f on f.position_id = m.position_id and f.source_system = m.source_system and f.currency = m.currency and f.origin = 'position'
  where m.is_sliced and m.is_open
  union all
  select m.source_system, m.position_id, m.currency, f.purpose, f.slice, f.notional
  from moved_positions as m
  join opening_facts_in_terms as f on f.position_id = m.position_id and f.source_system = m.source_system and f.currency = m.currency and f.origin = 'position'
  where m.is_sliced and not m.is_open
),
running as (
  select *,
    sum(notional) over (partition by source_system, position_id, currency order by slice rows unbounded preceding) as upto,
    sum(notional) over (partition by source_system, position_id, currency) as whole,
    max(slice) over (partition by source_system, position_id, currency) as last_slice
  from parts
)
select source_system, position_id, currency, purpose, slice,
  cast(case when whole = 0 then case when slice = last_slice then 0 else 1 end else (upto - notional) * 100 end as bigint) as part_from,
  cast(case when whole = 0 then 1 else upto * 100 end as bigint) as part_to,
  cast(case when whole = 0 then 1 else whole * 100 end as bigint) as part_whole
from running
