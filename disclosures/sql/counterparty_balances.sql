-- counterparty_balances: one row per legal entity, netting set, counterparty, direction
-- and how they stand to each scope; what the relations about counterparties and the
-- balance sheet are made of
-- reads: facts
select
  legal_entity, netting_set_id, counterparty_id, {{.Words "class" "counterparty_type" "direction"}},
  facts, without_value, notional, fair_value_receivable, fair_value_payable, valuation_adjustment
from (
  select
    legal_entity, netting_set_id, counterparty_id, {{.Code "counterparty_type" "direction"}} as class,
    count(*) as facts, count(*) - count(fair_value) as without_value, sum(notional) as notional, sum(fair_value_receivable) as fair_value_receivable, sum(fair_value_payable) as fair_value_payable,
    sum(valuation_adjustment) as valuation_adjustment
  from facts
  where not funded
  group by legal_entity, netting_set_id, counterparty_id, class
) as grouped
