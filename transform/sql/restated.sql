-- restated: one row per position or adjustment and class whose amount at the opening is
-- another one than was first shown to readers
-- reads: opening_facts_in_terms, reported_facts_in_terms
with both_releases as (
  select source_system, position_id, adjustment_id, currency, notional_local, notional, {{.Class ""}} from opening_facts_in_terms
  union all
  select source_system, position_id, adjustment_id, currency, -notional_local, -notional, {{.Class ""}} from reported_facts_in_terms
)
select source_system, position_id, adjustment_id, currency, cast(sum(notional_local) as decimal(18, 2)) as notional_local, cast(sum(notional) as decimal(18, 2)) as notional, {{.Class ""}}
from both_releases
group by source_system, position_id, adjustment_id, currency, {{.Class ""}}
having sum(notional_local) <> 0 or sum(notional) <> 0
