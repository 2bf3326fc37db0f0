-- ranked: one row per reference_entity_id of the scope with its place in reference_ranks
-- reads: facts
select reference_entity_id, row_number() over (order by sum(notional) desc, reference_entity_id) as place
from facts
where {{.Scope}} = 'external' and not funded and reference_entity_id is not null
group by reference_entity_id
