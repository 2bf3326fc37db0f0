-- counterparty_balances: one row per legal entity, netting set, counterparty, direction
-- and how they stand to each scope; what the relations about counterparties and the
-- balance sheet are made of
-- reads: facts
select
  legal_entity, netting_set_id, counterparty_id, counterparty_type, direction,
  count(*) as facts, sum(notional) as notional, sum(fair_value_receivable) as fair_value_receivable, sum(fair_value_payable) as fair_value_payable,
  sum(valuation_adjustment) as valuation_adjustment{{range .Scopes}},
  {{.}}{{end}}
from facts
where not funded
group by legal_entity, netting_set_id, counterparty_id, counterparty_type, direction{{range .Scopes}}, {{.}}{{end}}
