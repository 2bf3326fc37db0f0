-- identical_underlyings: one row per scope and underlying on which protection was
-- sold and bought outside of the scope, in the reporting currency (ASC
-- 815-10-50-4K(f)). covered is what of the sold protection can be paired with
-- protection bought that matures no earlier, no amount used twice: the sold amount
-- less the most by which, from any maturity on, sold exceeds bought.
-- reads: measured
with protection as (
  select
    {{.Underlying}} as underlying,
    direction,
    last_date,
    convert_amount(notional_local, notional_numerator, notional_denominator) as notional{{range .Scopes}},
    {{.Status "legal_entity" "coalesce(counterparty_entity, entity_of_counterparty)"}} as {{.Column}}{{end}}
  from measured
  where instrument in ({{.ProtectionInstruments}}) and direction in ({{.Term "direction" "'bought'"}}, {{.Term "direction" "'sold'"}})
),
by_maturity as (
  select underlying, last_date{{range .Scopes}}, {{.Column}}{{end}},
    sum(case when direction = 'bought' then notional else 0 end) as bought,
    sum(case when direction = 'sold' then notional else 0 end) as sold
  from protection
  where underlying is not null
  group by underlying, last_date{{range .Scopes}}, {{.Column}}{{end}}
),
scoped as (
{{range $i, $s := .Scopes}}{{if $i}}
  union all
{{end}}  select '{{$s.Name}}' as scope, underlying, last_date, sum(bought) as bought, sum(sold) as sold
  from by_maturity
  where {{$s.Column}} = 'external'
  group by underlying, last_date{{end}}
),
from_maturity_on as (
  select scope, underlying, bought, sold,
    sum(sold - bought) over (partition by scope, underlying order by last_date desc nulls last rows unbounded preceding) as uncovered
  from scoped
)
select
  scope, underlying,
  cast(sum(sold) as decimal(38, 2)) as sold,
  cast(sum(bought) as decimal(38, 2)) as bought,
  cast(sum(sold) - greatest(max(uncovered), 0) as decimal(38, 2)) as covered
from from_maturity_on
group by scope, underlying
having sum(sold) > 0 and sum(bought) > 0
