-- counterparty_ranks: one row per scope, counterparty of the ten with most notional or
-- all others, rating and direction
-- reads: counterparty_balances, counterparties_as_of
with {{range $i, $scope := .Scopes}}{{if $i}},
{{end}}ranked_{{$scope}} as (
  select counterparty_id, row_number() over (order by sum(notional) desc, counterparty_id) as place
  from counterparty_balances
  where {{$scope}} = 'external' and counterparty_id is not null
  group by counterparty_id
){{end}}{{range $i, $scope := .Scopes}}
{{if $i}}union all
{{end}}select
  case when r.place <= 10 then cast(r.place as varchar) else 'others' end as place,
  case when r.place <= 10 then coalesce(c.name, g.counterparty_id) end as name,
  case
    when c.notch <= 10 then 'investment'
    when c.notch > 10 then 'non_investment'
    else 'not_rated'
  end as rating_grade,
  g.direction,
  cast(sum(g.notional) as decimal(18, 2)) as notional, cast(sum(g.fair_value_receivable) as decimal(18, 2)) as fair_value_receivable, cast(sum(g.fair_value_payable) as decimal(18, 2)) as fair_value_payable
  {{range $.Scopes}}, '{{if eq . $scope}}external{{else}}out_of_scope{{end}}' as {{.}}{{end}}
from counterparty_balances as g
left join ranked_{{$scope}} as r on r.counterparty_id = g.counterparty_id
left join counterparties_as_of as c on c.counterparty_id = g.counterparty_id
where g.{{$scope}} = 'external'
group by 1, 2, 3, 4{{end}}
