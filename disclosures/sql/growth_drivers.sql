-- growth_drivers: one row per scope, kind of name, name among the ten whose notional
-- changed most since the opening, all others or none, and direction
-- reads: facts, opening_facts, reference_grades, counterparties_as_of
with ends as (
  select reference_entity_id, counterparty_id, book, index_name, index_series, direction{{range .Scopes}}, {{.}}{{end}}, cast(0 as decimal(18, 2)) as opening, notional as closing
  from facts
  where not funded
  union all
  select reference_entity_id, counterparty_id, book, index_name, index_series, direction{{range .Scopes}}, {{.}}{{end}}, notional, cast(0 as decimal(18, 2))
  from opening_facts
  where not funded
),
summed as (
  select
    case when grouping(reference_entity_id) = 0 then 'reference' when grouping(counterparty_id) = 0 then 'counterparty' when grouping(book) = 0 then 'book' else 'index' end as kind,
    case
      when grouping(reference_entity_id) = 0 then reference_entity_id
      when grouping(counterparty_id) = 0 then counterparty_id
      when grouping(book) = 0 then book
      when index_name is not null then concat_ws(' ', index_name, cast(index_series as varchar))
    end as id,
    direction{{range .Scopes}}, {{.}}{{end}}, sum(opening) as opening, sum(closing) as closing
  from ends
  group by grouping sets (
    (reference_entity_id, direction{{range .Scopes}}, {{.}}{{end}}), (counterparty_id, direction{{range .Scopes}}, {{.}}{{end}}),
    (book, direction{{range .Scopes}}, {{.}}{{end}}), (index_name, index_series, direction{{range .Scopes}}, {{.}}{{end}}))
),
names as (
  select 'reference' as kind, reference_entity_id as id, name from reference_grades
  union all
  select 'counterparty', counterparty_id, name from counterparties_as_of
),
named as (
  select s.*, coalesce(n.name, s.id) as name
  from summed as s
  left join names as n on n.kind = s.kind and n.id = s.id
){{range $scope := .Scopes}},
ranked_{{$scope}} as (
  select kind, id, row_number() over (partition by kind order by abs(sum(closing - opening)) desc, id) as place
  from summed
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
