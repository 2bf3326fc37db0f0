-- evidence: one row per scope, test, outcome and subject of the tests of purposes
-- reads: hedges, group_evidence, hedge_cuts, offsets, client_trades, simple_links,
-- offset_pairs, unmatched_offsets, slices
with moved_of_hedges as (
  select c.scope, c.hedge_group, sum(c.excess) as moved
  from hedge_cuts as c
  where c.scope = {{.DecidingName}} and {{.Evidence.SplitHedges}}
  group by c.scope, c.hedge_group
)
select g.scope, 'hedge' as test, g.outcome, g.hedge_group as subject, '' as matched_with, g.positions,
  cast(g.bought - g.sold as decimal(38, 2)) as notional, cast(g.holdings as decimal(38, 2)) as evidence, cast(g.excess as decimal(38, 2)) as unsupported,
  cast(coalesce(m.moved, 0) as decimal(38, 2)) as moved, g.example
from group_evidence as g
left join moved_of_hedges as m on m.scope = g.scope and m.hedge_group = g.hedge_group
union all
select scope, 'hedge', kind, position_id, '', count(*), sum(notional), 0, sum(notional), 0, min(position_id)
from hedges
where kind = 'sold_hedge'
group by scope, kind, position_id
union all
select scope, 'hedge', kind, cast(instrument as varchar), '', count(*), sum(notional), 0, case when kind = 'macro_hedge' then 0 else sum(notional) end, 0, min(position_id)
from hedges
where kind in ('macro_hedge', 'untested_hedge') and {{.Has "holdings"}}
group by scope, kind, instrument
union all
select scope, 'hedge', 'externalised', cast(instrument as varchar), '', count(*), sum(notional), sum(notional), 0, 0, min(position_id)
from hedges
where is_externalised
group by scope, instrument
union all
select {{.DecidingName}}, 'offset', 'linked', coalesce(book, ''), '', count(*), sum(notional), sum(notional), 0, 0, min(position_id)
from simple_links
group by book
union all
select {{.DecidingName}}, 'offset', how, position_id, client_id, 1, notional, notional, 0, 0, position_id
from offset_pairs
union all
select {{.DecidingName}}, 'offset', 'unmatched_offset', position_id, '', 1, notional, notional - unmatched, unmatched, {{if .Evidence.SplitOffsets}}unmatched{{else}}0{{end}}, position_id
from unmatched_offsets
union all
select {{.DecidingName}}, 'offset', 'pooled', o.offset_pool, '', count(*), sum(o.notional), coalesce(max(c.notional), 0), 0, 0, min(o.position_id)
from offsets as o
left join (select offset_pool, sum(notional) as notional from client_trades group by offset_pool) as c on c.offset_pool = o.offset_pool
where o.offset_pool is not null and o.offsets_position_id is null
group by o.offset_pool
