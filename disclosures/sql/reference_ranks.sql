-- reference_ranks: one row per scope, reference entity of the ten with most notional,
-- bought and sold together, or all others, and direction; indices and baskets have none
-- reads: reference_balances, reference_grades
with {{range $i, $scope := .Scopes}}{{if $i}},
{{end}}ranked_{{$scope}} as (
  select reference_entity_id, row_number() over (order by sum(notional) desc, reference_entity_id) as place
  from reference_balances
  where {{$scope}} = 'external' and reference_entity_id is not null
  group by reference_entity_id
  qualify place <= 10
){{end}}{{range $i, $scope := .Scopes}}
{{if $i}}union all
{{end}}select
  coalesce(cast(r.place as varchar), 'others') as place,
  case when r.place is not null then coalesce(e.name, r.reference_entity_id) end as name,
  g.direction,
  cast(sum(g.notional) as decimal(18, 2)) as notional, cast(sum(g.net_notional) as decimal(18, 2)) as net_notional, cast(sum(g.net_fair_value) as decimal(18, 2)) as net_fair_value
  {{range $.Scopes}}, '{{if eq . $scope}}external{{else}}out_of_scope{{end}}' as {{.}}{{end}}
from reference_balances as g
left join ranked_{{$scope}} as r on r.reference_entity_id = g.reference_entity_id
left join reference_grades as e on e.reference_entity_id = r.reference_entity_id
where g.{{$scope}} = 'external' and g.reference_entity_id is not null
group by 1, 2, 3{{end}}
