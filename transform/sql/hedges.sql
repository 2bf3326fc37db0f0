-- hedges: one row per scope and position that is external to it and held to hedge
-- the credit portfolio, by label or because it lays off an internal hedge
-- reads: evidence_positions, externalised, holdings
with claimed as (
  select
    e.*,
    x.position_id is not null as is_externalised,
    i.kind is distinct from e.detail and i.kind is not null as is_by_item,
    coalesce(i.kind, case when x.position_id is not null then x.detail else e.detail end) as detail_stated
  from evidence_positions as e
  left join externalised as x on x.source_system = e.source_system and x.position_id = e.position_id
  left join holdings as i on i.holding_id = e.hedged_item_id
  where e.purpose = 'credit_portfolio_hedge' or x.position_id is not null
)
{{range $i, $s := .Scopes}}{{if $i}}
union all
{{end}}select
  '{{$s.Name}}' as scope, source_system, position_id, instrument, direction, designation, trade_date, hedge_group, notional, is_externalised, is_by_item, detail_stated,
  case
    when direction = 'sold' then 'sold_hedge'
    when direction <> 'bought' then 'untested_hedge'
    when hedge_group is not null then 'bought'
    when is_portfolio and designation in ('management_hedge', 'asc815_hedge') then 'macro_hedge'
    else 'untested_hedge'
  end as kind
from claimed
where {{$s.Column}} = 'external'{{end}}
