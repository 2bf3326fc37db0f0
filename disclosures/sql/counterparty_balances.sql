-- counterparty_balances: one row per netting set, counterparty, direction and how they
-- stand to each scope; what the relations about counterparties are made of
-- reads: facts
select
  netting_set_id, counterparty_id, counterparty_type, direction,
  sum(notional) as notional, sum(fair_value_receivable) as fair_value_receivable, sum(fair_value_payable) as fair_value_payable{{range .Scopes}},
  {{.}}{{end}}
from facts
where not funded
group by netting_set_id, counterparty_id, counterparty_type, direction{{range .Scopes}}, {{.}}{{end}}
