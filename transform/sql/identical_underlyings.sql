-- identical_underlyings: one row per scope and underlying on which protection was
-- sold and bought outside of the scope, in the reporting currency (ASC
-- 815-10-50-4K(f)). covered is what of the sold protection can be paired with
-- protection bought that matures no earlier, no amount used twice: the sold amount
-- less the most by which, from any maturity on, sold exceeds bought.
-- reads: measured
-- No row is filtered before the amounts are summed: a filter on what rules decide
-- would decide it again for each of its terms.
with classed as (
  select
    {{.Underlying}} as underlying,
    last_date,
    instrument in ({{.ProtectionInstruments}}) as is_protection,
    direction,
    convert_amount(notional_local, notional_numerator, notional_denominator) as notional{{range .Scopes}},
    {{.Status "legal_entity" "coalesce(counterparty_entity, entity_of_counterparty)"}} as {{.Column}}{{end}}
  from measured
),
protection as (
  select
    underlying, last_date{{range .Scopes}}, {{.Column}}{{end}},
    case when is_protection and underlying is not null and direction = {{.Term "direction" "'sold'"}} then notional else 0 end as sold,
    case when is_protection and underlying is not null and direction = {{.Term "direction" "'bought'"}} then notional else 0 end as bought
  from classed
),
from_maturity_on as (
  select underlying{{range .Scopes}},
    case when {{.Column}} = 'external' then sold else 0 end as sold_{{.Name}},
    case when {{.Column}} = 'external' then bought else 0 end as bought_{{.Name}},
    sum(case when {{.Column}} = 'external' then sold - bought else 0 end)
      over (partition by underlying order by coalesce(last_date, date '0001-01-01') desc range between unbounded preceding and current row) as uncovered_{{.Name}}{{end}}
  from protection
),
by_underlying as (
  select underlying{{range .Scopes}}, sum(sold_{{.Name}}) as sold_{{.Name}}, sum(bought_{{.Name}}) as bought_{{.Name}}, max(uncovered_{{.Name}}) as uncovered_{{.Name}}{{end}}
  from from_maturity_on
  group by underlying
)
{{range $i, $s := .Scopes}}{{if $i}}
union all
{{end}}select '{{$s.Name}}' as scope, underlying,
  cast(sold_{{$s.Name}} as decimal(38, 2)) as sold,
  cast(bought_{{$s.Name}} as decimal(38, 2)) as bought,
  cast(sold_{{$s.Name}} - greatest(uncovered_{{$s.Name}}, 0) as decimal(38, 2)) as covered
from by_underlying
where sold_{{$s.Name}} > 0 and bought_{{$s.Name}} > 0{{end}}
