-- slices: one row per position that evidence gives another purpose or detail, in
-- whole (slice 0) or in parts, in cents of its notional: parts of the other money
-- are cut in the same proportion. No purpose or rule means that of the labels.
-- reads: hedges, hedge_cuts, group_holdings, unmatched_offsets
with decided as (
  select h.source_system, h.position_id, h.notional, h.is_externalised, h.is_by_item, h.detail_stated,
    case when h.detail_stated is null and h.kind = 'bought' and h.notional > 0 then h.hedge_group end as group_asked,
    {{if .Evidence.SplitHedges}}coalesce(c.excess, 0){{else}}0{{end}} as excess, c.outcome
  from hedges as h
  left join hedge_cuts as c on c.scope = h.scope and c.source_system = h.source_system and c.position_id = h.position_id
  where h.scope = {{.DecidingName}}
),
placed as (
  select hedge_group, kind, amount, row_number() over (partition by hedge_group order by case kind when 'loan' then 1 when 'investment' then 2 else 3 end) as place
  from group_holdings
  where scope = {{.DecidingName}}
),
kinds as (
  select hedge_group, kind, place, count(*) over (partition by hedge_group) as kinds,
    cast((sum(amount) over (partition by hedge_group order by place rows unbounded preceding) - amount) * 100 as bigint) as below,
    cast(sum(amount) over (partition by hedge_group order by place rows unbounded preceding) * 100 as bigint) as upto,
    cast(sum(amount) over (partition by hedge_group) * 100 as bigint) as whole
  from placed
),
kept as (
  select d.source_system, d.position_id, d.notional, d.is_externalised, coalesce(d.detail_stated, k.kind) as detail, coalesce(k.place, 1) as place,
    coalesce(k.kinds, 1) + case when d.excess > 0 then 1 else 0 end as parts,
    case when k.kind is null then cast(0 as decimal(18, 2)) else convert_amount(cast(d.notional - d.excess as decimal(18, 2)), k.below, k.whole) end as part_from,
    case when k.kind is null then cast(d.notional - d.excess as decimal(18, 2)) else convert_amount(cast(d.notional - d.excess as decimal(18, 2)), k.upto, k.whole) end as part_to
  from decided as d
  left join kinds as k on k.hedge_group = d.group_asked
  where (d.notional > d.excess or d.notional = 0) and (d.excess > 0 or d.is_externalised or d.is_by_item or k.kind is not null)
),
moved as (
  select d.source_system, d.position_id, d.notional, d.excess, d.outcome,
    case when d.notional = d.excess then 1 else coalesce(k.kinds, 1) + 1 end as parts
  from decided as d
  left join (select distinct hedge_group, kinds from kinds) as k on k.hedge_group = d.group_asked
  where d.excess > 0
),
parts as (
  select source_system, position_id, notional, place, parts, part_from, part_to,
    case when is_externalised then 'credit_portfolio_hedge' end as purpose, case when is_externalised then 'evidence-externalised' end as purpose_rule, detail
  from kept
  union all
  select source_system, position_id, notional, parts, parts, notional - excess, notional, 'trading', case outcome when 'orphan_hedge' then 'evidence-orphan-hedge' else 'evidence-over-hedge' end, null
  from moved{{if .Evidence.SplitOffsets}}
  union all
  select source_system, position_id, notional, 1, 2, 0, notional - unmatched, null, null, detail from unmatched_offsets where unmatched < notional and unmatched > 0
  union all
  select source_system, position_id, notional, case when unmatched < notional then 2 else 1 end, case when unmatched < notional then 2 else 1 end, notional - unmatched, notional, 'trading', 'evidence-unmatched-offset', null
  from unmatched_offsets where unmatched > 0{{end}}
)
select
  source_system as sliced_system,
  position_id as sliced_id,
  cast(case when parts = 1 then 0 else place end as integer) as slice,
  purpose as purpose_by_evidence,
  purpose_rule as rule_by_evidence,
  detail as detail_by_evidence,
  cast(part_from * 100 as bigint) as part_from,
  cast(case when notional = 0 then 1 else part_to * 100 end as bigint) as part_to,
  cast(case when notional = 0 then 1 else notional * 100 end as bigint) as part_whole
from parts
