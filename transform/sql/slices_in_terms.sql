-- slices_in_terms: one row per slice, with the findings that are about it, and per
-- position that is not cut but has a finding of evidence or of its record: without
-- parts. Classes are terms, which are written as fast as the other classes of facts
-- reads: slices, evidence_notes, unreadable_values
with of_records as (
  select source_system, record_id, {{.Lines (printf "%s || ': positions.' || column_name" .RecordFinding)}} as lines
  from unreadable_values
  where data_set = 'positions' and record_id is not null
  group by source_system, record_id
),
notes as (
  select coalesce(e.noted_system, r.source_system) as noted_system, coalesce(e.noted_id, r.record_id) as noted_id,
    concat_ws(chr(10), e.code || ': ' || {{.DecidingName}}, r.lines) as lines
  from evidence_notes as e
  full join of_records as r on r.source_system = e.noted_system and r.record_id = e.noted_id
)
select coalesce(s.sliced_system, n.noted_system) as sliced_system, coalesce(s.sliced_id, n.noted_id) as sliced_id, coalesce(s.slice, 0) as slice,
  {{.Term "purpose" "s.purpose_by_evidence"}} as purpose_by_evidence,
  {{.RuleTerm "s.rule_by_evidence"}} as rule_by_evidence,
  {{.Term "purpose_detail" "s.detail_by_evidence"}} as detail_by_evidence,
  s.part_from, s.part_to, s.part_whole,
  case
    when s.rule_by_evidence is null then n.lines
    else concat_ws(chr(10), replace(replace(s.rule_by_evidence, 'evidence-', ''), '-', '_') || ': ' || {{.DecidingName}}, n.lines)
  end as noted
from slices as s
full join notes as n on n.noted_system = s.sliced_system and n.noted_id = s.sliced_id
