-- internal_pairs: one row per scope and pair of internal trades, with what is left
-- of bought less sold and of the fair values; a leg without mirror_id is alone
-- reads: facts_stored
{{range $i, $s := .Scopes}}{{if $i}}
union all
{{end}}select '{{$s.Name}}' as scope, coalesce(mirror_id, position_id) as mirror_id, count(*) as positions,
  sum(case when direction = 'bought' then notional when direction = 'sold' then -notional else cast(0 as decimal(18, 2)) end) as notional,
  coalesce(sum(fair_value), 0) as fair_value
from facts_stored
where {{$s.Column}} = 'internal'
group by coalesce(mirror_id, position_id){{end}}
