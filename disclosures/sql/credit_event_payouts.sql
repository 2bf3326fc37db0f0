-- credit_event_payouts: one row per scope, reference entity of the ten for which most
-- was paid out on protection sold in the fiscal year, all others or none stated, kind
-- of instrument, fiscal year and quarter; what was paid is the event's cash. Events
-- without it are a row each
-- reads: realized_facts, reference_grades
with events as (
  select
    reference_entity_id, instrument, fiscal_year, in_quarter, kind,{{range .Scopes}} {{.}},{{end}}
    coalesce(cash, cash_year_before) is not null as has_cash,
    case when coalesce(cash, cash_year_before) is null then event_id end as event_id,
    coalesce(cash, cast(0 as decimal(18, 2))) as cash,
    coalesce(cash_year_before, cast(0 as decimal(18, 2))) as cash_year_before,
    coalesce(realized_gain_loss, cast(0 as decimal(18, 2))) as realized_gain_loss
  from realized_facts
  where direction = 'sold' and not funded and kind in ('credit_event', 'recovery')
){{range $scope := .Scopes}},
ranked_{{$scope}} as (
  select reference_entity_id, row_number() over (order by -sum(case when kind = 'credit_event' then cash else 0 end) desc, -sum(case when kind = 'credit_event' then cash_year_before else 0 end) desc, reference_entity_id) as place
  from events
  where {{$scope}} = 'external' and reference_entity_id is not null
  group by reference_entity_id
){{end}}{{range $i, $scope := .Scopes}}
{{if $i}}union all
{{end}}select
  case when e.reference_entity_id is null then 'not_stated' when r.place <= 10 then cast(r.place as varchar) else 'others' end as place,
  case when r.place <= 10 then coalesce(n.name, e.reference_entity_id) end as name,
  e.instrument, e.fiscal_year, e.in_quarter, e.has_cash, e.event_id,
  cast(sum(case when e.kind = 'credit_event' then -e.cash else 0 end) as decimal(18, 2)) as payouts,
  cast(sum(case when e.kind = 'recovery' then e.cash else 0 end) as decimal(18, 2)) as recoveries,
  cast(sum(-e.cash) as decimal(18, 2)) as net_paid,
  cast(sum(e.realized_gain_loss) as decimal(18, 2)) as realized_gain_loss,
  cast(sum(case when e.kind = 'credit_event' then -e.cash_year_before else 0 end) as decimal(18, 2)) as payouts_year_before,
  cast(sum(case when e.kind = 'recovery' then e.cash_year_before else 0 end) as decimal(18, 2)) as recoveries_year_before
  {{range $.Scopes}}, '{{if eq . $scope}}external{{else}}out_of_scope{{end}}' as {{.}}{{end}}
from events as e
left join ranked_{{$scope}} as r on r.reference_entity_id = e.reference_entity_id
left join reference_grades as n on n.reference_entity_id = e.reference_entity_id
where e.{{$scope}} = 'external'
group by 1, 2, 3, 4, 5, 6, 7{{end}}
