-- realized_facts_noted: one row per realized fact with a finding, with what is noted of it
-- reads: realized_facts
select
  concat_ws(chr(10), case when r.classification = 'none' then 'unclassified_realized: ' || r.kind end,
    case when r.result = 'no_value' then 'realized_no_value: ' || r.kind end,
    case when r.amount_from not in ('sub_ledger', 'none') then 'realized_from_cash: ' || r.amount_from end) as noted,
  r.*
from realized_facts as r
where r.classification = 'none' or r.result = 'no_value' or r.amount_from not in ('sub_ledger', 'none')
