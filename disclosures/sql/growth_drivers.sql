-- growth_drivers: one row per scope, kind of name, name among the ten whose notional
-- changed most since the opening, all others or none, and direction
-- reads: reference_balances, counterparty_balances, period_balances, opening_facts,
-- reference_grades, counterparties_as_of
with ends as (
  select 'reference' as kind, reference_entity_id as id, direction{{range .Scopes}}, {{.}}{{end}}, 0 as opening, notional as closing
  from reference_balances
  union all
  select 'reference', reference_entity_id, {{.Words "class" "direction"}}, notional, 0
  from (select reference_entity_id, {{.Code "direction"}} as class, sum(notional) as notional from opening_facts where not funded group by reference_entity_id, class) as opening_reference
  union all
  select 'counterparty', counterparty_id, direction{{range .Scopes}}, {{.}}{{end}}, 0, notional
  from counterparty_balances
  union all
  select 'counterparty', counterparty_id, {{.Words "class" "direction"}}, notional, 0
  from (select counterparty_id, {{.Code "direction"}} as class, sum(notional) as notional from opening_facts where not funded group by counterparty_id, class) as opening_counterparty
  union all
  select
    unnest(['book', 'index']), unnest([book, case when index_name is not null then concat_ws(' ', index_name, cast(index_series as varchar)) end]),
    direction{{range .Scopes}}, {{.}}{{end}}, case when period_end = 'opening' then notional else 0 end, case when period_end = 'closing' then notional else 0 end
  from period_balances
  where not funded
),
names as (
  select 'reference' as kind, reference_entity_id as id, name from reference_grades
  union all
  select 'counterparty', counterparty_id, name from counterparties_as_of
){{range $scope := .Scopes}},
ranked_{{$scope}} as (
  select kind, id, row_number() over (partition by kind order by abs(sum(closing - opening)) desc, id) as place
  from ends
  where {{$scope}} = 'external' and id is not null
  group by kind, id
  qualify place <= 10
){{end}}{{range $i, $scope := .Scopes}}
{{if $i}}union all
{{end}}select
  e.kind,
  case when e.id is null then 'none' else coalesce(cast(r.place as varchar), 'others') end as place,
  case when r.place is not null then coalesce(n.name, r.id) end as name,
  e.direction,
  cast(sum(e.opening) as decimal(18, 2)) as opening, cast(sum(e.closing) as decimal(18, 2)) as closing, cast(sum(e.closing - e.opening) as decimal(18, 2)) as growth
  {{range $.Scopes}}, '{{if eq . $scope}}external{{else}}out_of_scope{{end}}' as {{.}}{{end}}
from ends as e
left join ranked_{{$scope}} as r on r.kind = e.kind and r.id = e.id
left join names as n on n.kind = r.kind and n.id = r.id
where e.{{$scope}} = 'external'
group by 1, 2, 3, 4{{end}}
