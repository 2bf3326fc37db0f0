-- moved_classes: one row per position whose class is another than at the opening, and
-- whether what changed is its own record or the test of its purpose, or else rules or
-- reference data; of positions that are gone only how they stand to scopes can be another
-- reads: moved_positions, opening_positions, positions, opening_facts, facts
with changed as (
  select *
  from moved_positions
  where was_open and not (true{{range .ClassColumns}} and opening_{{.}} is not distinct from {{.}}{{end}})
),
tested as (
  select source_system, position_id from opening_facts where purpose_rule like 'evidence-%'
  union
  select source_system, position_id from facts where purpose_rule like 'evidence-%'
)
select c.*,
  t.position_id is not null{{range .OwnColumns}} or p.{{.}} is distinct from q.{{.}}{{end}} as is_own
from changed as c
join opening_positions as p on p.position_id = c.position_id and p.source_system = c.source_system
left join positions as q on q.position_id = c.position_id and q.source_system = c.source_system
left join tested as t on t.position_id = c.position_id and t.source_system = c.source_system
