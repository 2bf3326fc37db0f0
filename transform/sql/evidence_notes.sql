-- evidence_notes: one row per position with a finding of the tests of purposes in the
-- first scope that gave it no other purpose; the rules of slices tell of the others
-- reads: hedges, hedge_cuts, group_evidence, unmatched_offsets
select source_system as noted_system, position_id as noted_id, kind as code
from hedges
where scope = {{.DecidingName}} and (kind = 'sold_hedge' or (kind in ('macro_hedge', 'untested_hedge') and {{.Has "holdings"}}))
union all -- designated under ASC 815 they stay whole, whatever is held
select h.source_system, h.position_id, g.outcome
from hedges as h
join group_evidence as g on g.scope = h.scope and g.hedge_group = h.hedge_group
left join (select hedge_group, sum(excess) as excess from hedge_cuts where scope = {{.DecidingName}} group by hedge_group) as c on c.hedge_group = h.hedge_group
where h.scope = {{.DecidingName}} and h.kind = 'bought' and h.designation = 'asc815_hedge' and g.excess > coalesce(c.excess, 0){{if not .Evidence.SplitHedges}}
union all
select source_system, position_id, outcome
from hedge_cuts
where scope = {{.DecidingName}}{{end}}{{if not .Evidence.SplitOffsets}}
union all
select source_system, position_id, 'unmatched_offset'
from unmatched_offsets{{end}}
