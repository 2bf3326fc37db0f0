-- ranked: one row per counterparty_id of the scope with its place in counterparty_ranks
-- reads: facts
select counterparty_id, row_number() over (order by sum(notional) desc, counterparty_id) as place
from facts
where {{.Scope}} = 'external' and not funded and counterparty_id is not null
group by counterparty_id
