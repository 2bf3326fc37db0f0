-- group_holdings: one row per scope, hedge group and kind of holding: what is held
-- of it, funded and undrawn, in the reporting currency
-- reads: holdings, reference_grades, conversions
with held as (
  select
    coalesce(r.hedge_group, h.obligor_id) as hedge_group, h.kind, h.legal_entity,
    convert_amount(h.amount, n.numerator, n.denominator) as amount
  from holdings as h
  left join reference_grades as r on r.reference_entity_id = h.obligor_id
  left join conversions as n on n.currency = h.currency
)
{{range $i, $s := .Scopes}}{{if $i}}
union all
{{end}}select '{{$s.Name}}' as scope, hedge_group, kind, cast(sum(amount) as decimal(18, 2)) as amount
from held
where {{$s.Status "legal_entity" "cast(null as varchar)"}} = 'external'
group by hedge_group, kind
having sum(amount) > 0{{end}}
