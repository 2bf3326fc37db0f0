-- counterparties_as_of: one row per counterparty valid at the as-of date
-- reads: counterparties
select
  c.counterparty_id,
  c.entity,
  c.type as type_word,
  {{.Lookup "counterparty_types" "counterparty_type" "c.type"}} as type_of_counterparty
from counterparties as c
where (c.valid_from is null or c.valid_from <= {{.AsOf}}) and (c.valid_until is null or c.valid_until >= {{.AsOf}})
