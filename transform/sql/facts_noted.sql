-- facts_noted: one row per fact with a finding, and per fact of an internal pair
-- that does not cancel, with what is noted of it
-- reads: facts, internal_pairs
select {{.Note}} as noted{{range .Noted}}, f.{{.}}{{end}}
from facts as f
where f.findings is not null{{range .Scopes}}
union all
select 'internal_break: {{.Name}}'{{range $.Noted}}, f.{{.}}{{end}}
from facts as f
join internal_pairs as p on p.scope = '{{.Name}}' and p.mirror_id = coalesce(f.mirror_id, f.position_id)
where f.{{.Column}} = 'internal' and (p.notional <> 0 or p.fair_value <> 0){{end}}
