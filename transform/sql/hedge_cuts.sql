-- hedge_cuts: one row per scope and hedge bought on a group with an excess, with
-- what of it is excess: newest trades first, then by identity, descending; a hedge
-- designated under ASC 815 stays whole
-- reads: hedges, group_evidence
with ordered as (
  select
    h.scope, h.source_system, h.position_id, h.hedge_group, h.notional, g.excess, g.outcome,
    coalesce(sum(h.notional) over (
      partition by h.scope, h.hedge_group
      order by coalesce(h.trade_date, date '0001-01-01') desc, h.position_id desc, h.source_system desc
      rows between unbounded preceding and 1 preceding
    ), 0) as newer
  from hedges as h
  join group_evidence as g on g.scope = h.scope and g.hedge_group = h.hedge_group
  where h.kind = 'bought' and g.excess > 0 and h.designation is distinct from 'asc815_hedge'
)
select scope, source_system, position_id, hedge_group, outcome, cast(least(notional, excess - newer) as decimal(18, 2)) as excess
from ordered
where newer < excess and notional > 0
