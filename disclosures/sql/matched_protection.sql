-- matched_protection: one row per scope and part of what protection is held against:
-- protection bought and sold by whether the other side has an identical underlying
-- (ASC 815-10-50-4K(f)), and holdings by whether they are hedged
-- reads: counterparty_balances, identical_underlyings, group_holdings, evidence
with totals as ({{range $i, $scope := .Names}}{{if $i}}
  union all{{end}}
  select
    '{{$scope}}' as scope,
    coalesce(sum(notional) filter (where direction = 'bought'), 0) as bought,
    coalesce(sum(notional) filter (where direction = 'sold'), 0) as sold
  from counterparty_balances
  where scope_{{$scope}} = 'external'{{end}}
),
identical as (
  select scope, sum(bought) as bought, sum(sold) as sold, sum(covered) as covered
  from identical_underlyings
  group by scope
),
held as (
  select scope, hedge_group, sum(amount) as amount
  from group_holdings
  group by scope, hedge_group
),
hedged as (
  select h.scope, sum(h.amount) as held, sum(greatest(least(h.amount, coalesce(e.notional, 0)), 0)) as hedged
  from held as h
  left join evidence as e on e.scope = h.scope and e.subject = h.hedge_group and e.test = 'hedge' and e.outcome in ('covered_hedge', 'over_hedge', 'orphan_hedge')
  group by h.scope
),
parts as (
  select t.scope, 'bought_identical' as part, coalesce(i.bought, 0) as amount from totals as t left join identical as i on i.scope = t.scope
  union all
  select t.scope, 'bought_other', t.bought - coalesce(i.bought, 0) from totals as t left join identical as i on i.scope = t.scope
  union all
  select t.scope, 'sold_covered', coalesce(i.covered, 0) from totals as t left join identical as i on i.scope = t.scope
  union all
  select t.scope, 'sold_identical_not_covered', coalesce(i.sold - i.covered, 0) from totals as t left join identical as i on i.scope = t.scope
  union all
  select t.scope, 'sold_other', t.sold - coalesce(i.sold, 0) from totals as t left join identical as i on i.scope = t.scope
  union all
  select scope, 'holdings_hedged', hedged from hedged
  union all
  select scope, 'holdings_not_hedged', held - hedged from hedged
)
select
  part,
  cast(amount as decimal(18, 2)) as amount{{range .Names}},
  case when scope = '{{.}}' then 'external' else 'out_of_scope' end as scope_{{.}}{{end}}
from parts
