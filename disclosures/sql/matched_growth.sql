-- matched_growth: one row per scope and part of the protection sold and bought, by
-- whether the other side has an identical underlying, at the opening and at the as-of
-- date: how much of the growth is offset by identical purchased protection
-- reads: period_balances, identical_underlyings, opening_identical_underlyings
with ends as ({{range $i, $scope := .Names}}{{if $i}}
  union all{{end}}
  select
    '{{$scope}}' as scope, case when period_end = 'opening' then 1 else 0 end as opening, case when period_end = 'closing' then 1 else 0 end as closing, direction,
    sum(notional) as notional
  from period_balances
  where scope_{{$scope}} = 'external' and not funded and direction in ('bought', 'sold')
  group by period_end, direction{{end}}
),
identical as (
  select scope, 0 as opening, 1 as closing, sum(bought) as bought, sum(sold) as sold, sum(covered) as covered from identical_underlyings group by scope
  union all
  select scope, 1, 0, sum(bought), sum(sold), sum(covered) from opening_identical_underlyings group by scope
),
parts as (
  select scope, opening, closing, 'sold_covered' as part, covered as amount from identical
  union all
  select scope, opening, closing, 'sold_identical_not_covered', sold - covered from identical
  union all
  select scope, opening, closing, 'sold_other', -sold from identical
  union all
  select scope, opening, closing, 'sold_other', notional from ends where direction = 'sold'
  union all
  select scope, opening, closing, 'bought_identical', bought from identical
  union all
  select scope, opening, closing, 'bought_other', -bought from identical
  union all
  select scope, opening, closing, 'bought_other', notional from ends where direction = 'bought'
)
select
  part,
  cast(sum(opening * amount) as decimal(18, 2)) as opening,
  cast(sum(closing * amount) as decimal(18, 2)) as closing,
  cast(sum((closing - opening) * amount) as decimal(18, 2)) as growth{{range .Names}},
  case when scope = '{{.}}' then 'external' else 'out_of_scope' end as scope_{{.}}{{end}}
from parts
group by scope, part
