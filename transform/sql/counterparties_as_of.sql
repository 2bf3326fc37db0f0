-- counterparties_as_of: one row per counterparty valid at the as-of date
-- reads: counterparties, map_counterparty_types
select
  c.counterparty_id,
  c.entity,
  c.type as type_word,
  t.value as type_of_counterparty
from counterparties as c
left join map_counterparty_types as t on t.word = c.type
where (c.valid_from is null or c.valid_from <= {{.AsOf}}) and (c.valid_until is null or c.valid_until >= {{.AsOf}})
