-- broken_pairs: one row per fact of an internal pair that does not cancel, and scope,
-- with what is noted of it
-- reads: facts, internal_pairs
{{range $i, $scope := .Scopes}}{{if $i}}
union all
{{end}}select 'internal_break: {{.Name}}' as noted{{range $.Noted}}, f.{{.}}{{end}}
from facts as f
join internal_pairs as p on p.scope = '{{.Name}}' and p.mirror_id = coalesce(f.mirror_id, f.position_id)
where f.{{.Column}} = 'internal' and (p.notional <> 0 or p.fair_value <> 0){{end}}
