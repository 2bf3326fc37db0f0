-- growth_drivers: one row per scope, kind of name, name among the ten whose notional
-- changed most since the opening, all others or none, and direction
-- reads: facts, opening_facts, positions, opening_positions, reference_grades, counterparties_as_of
with sides as (
  select f.counterparty_id, f.reference_entity_id, f.direction,{{range .Scopes}} f.{{.}},{{end}}
    case when p.index_name is not null then concat_ws(' ', p.index_name, cast(p.index_series as varchar)) end as index_name, p.book,
    cast(0 as decimal(18, 2)) as opening, f.notional as closing
  from facts as f
  left join positions as p on p.position_id = f.position_id and p.source_system = f.source_system
  where not f.funded
  union all
  select f.counterparty_id, f.reference_entity_id, f.direction,{{range .Scopes}} f.{{.}},{{end}}
    case when p.index_name is not null then concat_ws(' ', p.index_name, cast(p.index_series as varchar)) end, p.book,
    f.notional, cast(0 as decimal(18, 2))
  from opening_facts as f
  left join opening_positions as p on p.position_id = f.position_id and p.source_system = f.source_system
  where not f.funded
),
summed as (
  select counterparty_id, reference_entity_id, index_name, book, direction{{range .Scopes}}, {{.}}{{end}}, sum(opening) as opening, sum(closing) as closing
  from sides
  group by counterparty_id, reference_entity_id, index_name, book, direction{{range .Scopes}}, {{.}}{{end}}
),
named as (
  select 'reference' as kind, s.reference_entity_id as id, coalesce(e.name, s.reference_entity_id) as name, direction{{range .Scopes}}, {{.}}{{end}}, opening, closing
  from summed as s left join reference_grades as e on e.reference_entity_id = s.reference_entity_id
  union all
  select 'index', index_name, index_name, direction{{range .Scopes}}, {{.}}{{end}}, opening, closing from summed
  union all
  select 'counterparty', s.counterparty_id, coalesce(c.name, s.counterparty_id), direction{{range .Scopes}}, {{.}}{{end}}, opening, closing
  from summed as s left join counterparties_as_of as c on c.counterparty_id = s.counterparty_id
  union all
  select 'book', book, book, direction{{range .Scopes}}, {{.}}{{end}}, opening, closing from summed
){{range $scope := .Scopes}},
ranked_{{$scope}} as (
  select kind, id, row_number() over (partition by kind order by abs(sum(closing - opening)) desc, id) as place
  from named
  where {{$scope}} = 'external' and id is not null
  group by kind, id
){{end}}{{range $i, $scope := .Scopes}}
{{if $i}}union all
{{end}}select
  n.kind,
  case when n.id is null then 'none' when r.place <= 10 then cast(r.place as varchar) else 'others' end as place,
  case when r.place <= 10 then n.name end as name,
  n.direction,
  cast(sum(n.opening) as decimal(18, 2)) as opening, cast(sum(n.closing) as decimal(18, 2)) as closing, cast(sum(n.closing - n.opening) as decimal(18, 2)) as growth
  {{range $.Scopes}}, '{{if eq . $scope}}external{{else}}out_of_scope{{end}}' as {{.}}{{end}}
from named as n
left join ranked_{{$scope}} as r on r.kind = n.kind and r.id = n.id
where n.{{$scope}} = 'external'
group by 1, 2, 3, 4{{end}}
