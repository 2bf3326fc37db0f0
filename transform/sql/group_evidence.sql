-- group_evidence: one row per scope and hedge group with hedges: protection bought
-- less sold against what is held, and what is more than that and the tolerance
-- reads: hedges, group_holdings
with hedged as (
  select
    scope, hedge_group, count(*) filter (where kind = 'bought') as positions,
    coalesce(sum(notional) filter (where kind = 'bought'), 0) as bought,
    coalesce(sum(notional) filter (where kind = 'sold_hedge'), 0) as sold,
    min(position_id) filter (where kind = 'bought') as example
  from hedges
  where hedge_group is not null and kind in ('bought', 'sold_hedge')
  group by scope, hedge_group
),
held as (
  select scope, hedge_group, sum(amount) as holdings
  from group_holdings
  group by scope, hedge_group
),
compared as (
  select
    g.scope, g.hedge_group, g.positions, g.bought, g.sold, g.example, coalesce(h.holdings, 0) as holdings,
    cast(greatest(g.bought - g.sold - round(coalesce(h.holdings, 0) * cast({{.Evidence.Leeway}} as decimal(9, 8)), 2), 0) as decimal(18, 2)) as excess
  from hedged as g
  left join held as h on h.scope = g.scope and h.hedge_group = g.hedge_group
  where g.positions > 0 and {{.Has "holdings"}}
)
select
  *,
  case when excess = 0 then 'covered_hedge' when holdings = 0 then 'orphan_hedge' else 'over_hedge' end as outcome
from compared
