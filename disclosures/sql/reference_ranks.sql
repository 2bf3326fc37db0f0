-- reference_ranks: one row per scope, reference entity of the ten with most notional,
-- bought and sold together, or all others, and direction; indices and baskets have none
-- reads: facts, reference_grades
with grouped as (
  select
    reference_entity_id, direction,{{range .Scopes}} {{.}},{{end}}
    sum(notional) as notional, sum(net_notional) as net_notional, sum(net_fair_value) as net_fair_value
  from facts
  where not funded and reference_entity_id is not null
  group by reference_entity_id, direction{{range .Scopes}}, {{.}}{{end}}
){{range $scope := .Scopes}},
ranked_{{$scope}} as (
  select reference_entity_id, row_number() over (order by sum(notional) desc, reference_entity_id) as place
  from grouped
  where {{$scope}} = 'external'
  group by reference_entity_id
){{end}}{{range $i, $scope := .Scopes}}
{{if $i}}union all
{{end}}select
  case when r.place <= 10 then cast(r.place as varchar) else 'others' end as place,
  case when r.place <= 10 then coalesce(e.name, g.reference_entity_id) end as name,
  g.direction,
  cast(sum(g.notional) as decimal(18, 2)) as notional, cast(sum(g.net_notional) as decimal(18, 2)) as net_notional, cast(sum(g.net_fair_value) as decimal(18, 2)) as net_fair_value
  {{range $.Scopes}}, '{{if eq . $scope}}external{{else}}out_of_scope{{end}}' as {{.}}{{end}}
from grouped as g
left join ranked_{{$scope}} as r on r.reference_entity_id = g.reference_entity_id
left join reference_grades as e on e.reference_entity_id = g.reference_entity_id
where g.{{$scope}} = 'external'
group by 1, 2, 3{{end}}
