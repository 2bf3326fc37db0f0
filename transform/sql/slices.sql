-- slices: one row per position that evidence gives another purpose or detail, in
-- whole (slice 0) or in parts, in cents of its notional: parts of the other money
-- are cut in the same proportion. No purpose or rule means that of the labels.
-- reads: hedges, hedge_cuts, group_holdings, unmatched_offsets
with decided as (
  select h.source_system, h.position_id, h.hedge_group, h.notional, h.is_externalised, h.detail_stated, h.kind,
    {{if .Evidence.SplitHedges}}coalesce(c.excess, 0){{else}}0{{end}} as excess, c.outcome
  from hedges as h
  left join hedge_cuts as c on c.scope = h.scope and c.source_system = h.source_system and c.position_id = h.position_id
  where h.scope = {{.DecidingName}}
),
kinds as (
  select hedge_group, kind, case kind when 'loan' then 1 when 'investment' then 2 else 3 end as place,
    sum(amount) over (partition by hedge_group order by case kind when 'loan' then 1 when 'investment' then 2 else 3 end rows unbounded preceding) as upto,
    sum(amount) over (partition by hedge_group) as whole
  from group_holdings
  where scope = {{.DecidingName}}
),
kept as (
  select d.source_system, d.position_id, d.notional, d.is_externalised, coalesce(d.detail_stated, k.kind) as detail, coalesce(k.place, 1) as place,
    case when k.kind is null then d.notional - d.excess
      else convert_amount(cast(d.notional - d.excess as decimal(18, 2)), cast(k.upto * 100 as bigint), cast(k.whole * 100 as bigint)) end as upto,
    d.detail_stated is null and k.kind is not null as by_holdings, d.excess
  from decided as d
  left join kinds as k on k.hedge_group = d.hedge_group and d.detail_stated is null and d.kind = 'bought' and d.notional > 0
  where d.notional > d.excess or d.notional = 0
),
parts as (
  select source_system, position_id, notional, place, coalesce(lag(upto) over (partition by source_system, position_id order by place), 0) as part_from, upto as part_to,
    case when is_externalised then 'credit_portfolio_hedge' end as purpose, case when is_externalised then 'evidence-externalised' end as purpose_rule, detail
  from kept
  where excess > 0 or is_externalised or by_holdings
  union all
  select source_system, position_id, notional, 9, notional - excess, notional, 'trading', case outcome when 'orphan_hedge' then 'evidence-orphan-hedge' else 'evidence-over-hedge' end, null
  from decided
  where excess > 0{{if .Evidence.SplitOffsets}}
  union all
  select source_system, position_id, notional, 1, 0, notional - unmatched, null, null, detail from unmatched_offsets where unmatched < notional and unmatched > 0
  union all
  select source_system, position_id, notional, 9, notional - unmatched, notional, 'trading', 'evidence-unmatched-offset', null from unmatched_offsets where unmatched > 0{{end}}
)
select
  source_system as sliced_system,
  position_id as sliced_id,
  cast(case when count(*) over (partition by source_system, position_id) = 1 then 0
    else row_number() over (partition by source_system, position_id order by place) end as integer) as slice,
  {{.Term "purpose" "purpose"}} as purpose_by_evidence,
  {{.RuleTerm "purpose_rule"}} as rule_by_evidence,
  {{.Term "purpose_detail" "detail"}} as detail_by_evidence,
  cast(part_from * 100 as bigint) as part_from,
  cast(case when notional = 0 then 1 else part_to * 100 end as bigint) as part_to,
  cast(case when notional = 0 then 1 else notional * 100 end as bigint) as part_whole
from parts
where part_to > part_from or notional = 0
