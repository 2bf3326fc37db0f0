-- identical_underlyings: one row per scope and underlying on which protection was
-- sold and bought outside of the scope, in the reporting currency (ASC
-- 815-10-50-4K(f)). covered is what of the sold protection can be paired with
-- protection bought that matures no earlier, no amount used twice: the sold amount
-- less the most by which, from any maturity on, sold exceeds bought. An adjustment
-- counts with the position that it names, as it does in the totals.
-- reads: facts
with protection as (
  select
    case when {{.Portfolio}} is null then reference_entity_id end as name,
    coalesce({{.Portfolio}}, {{.NameDetail}}) as detail,
    coalesce(last_date, date '0001-01-01') as last_date,
    case direction when 'sold' then notional else -notional end as net, direction = 'sold' as is_sold{{range .Scopes}}, {{.Column}}{{end}}
  from facts
  where direction in ('sold', 'bought') and ({{.IsProtection}})
    and (reference_entity_id is not null or index_name is not null or basket_id is not null)
),
by_maturity as (
  select name, detail, last_date{{range .Scopes}},
    sum(case when {{.Column}} = 'external' then net end) as net_{{.Name}},
    sum(case when {{.Column}} = 'external' and is_sold then net end) as sold_{{.Name}}{{end}}
  from protection
  group by name, detail, last_date
),
from_maturity_on as (
  select name, detail{{range .Scopes}}, net_{{.Name}}, sold_{{.Name}},
    sum(net_{{.Name}}) over (partition by name, detail order by last_date desc) as uncovered_{{.Name}}{{end}}
  from by_maturity
),
by_underlying as (
  select
    name, detail{{range .Scopes}},
    sum(net_{{.Name}}) as net_{{.Name}}, sum(sold_{{.Name}}) as sold_{{.Name}}, max(uncovered_{{.Name}}) as uncovered_{{.Name}}{{end}}
  from from_maturity_on
  group by name, detail
)
{{range $i, $s := .Scopes}}{{if $i}}
union all
{{end}}select '{{$s.Name}}' as scope, case when name is null then detail else concat_ws('|', 'name', name, detail) end as underlying,
  cast(sum(sold_{{$s.Name}}) as decimal(38, 2)) as sold,
  cast(sum(sold_{{$s.Name}} - net_{{$s.Name}}) as decimal(38, 2)) as bought,
  cast(sum(sold_{{$s.Name}} - greatest(uncovered_{{$s.Name}}, 0)) as decimal(38, 2)) as covered
from by_underlying
where sold_{{$s.Name}} > 0 and sold_{{$s.Name}} > net_{{$s.Name}}
group by 2{{end}}
