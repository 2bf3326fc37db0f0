-- sliced_facts: one row per position, and per slice of those that evidence cuts
-- reads: position_facts, slices_in_terms
select
  {{.SlicedColumns}}
from position_facts as f
left join slices_in_terms as s on s.sliced_id = f.position_id and s.sliced_system = f.source_system
