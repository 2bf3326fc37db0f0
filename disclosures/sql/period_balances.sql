-- period_balances: one row per end of the period, few words that tell facts apart and how
-- they stand to each scope; what the relations that compare both ends are made of
-- reads: facts, opening_facts
select
  'closing' as period_end, origin, direction, instrument, funded, legal_entity, book, index_name, index_series{{range .Scopes}}, {{.}}{{end}},
  count(*) as facts, sum(notional) as notional, sum(net_fair_value) as net_fair_value, sum(valuation_adjustment) as valuation_adjustment
from facts
group by origin, direction, instrument, funded, legal_entity, book, index_name, index_series{{range .Scopes}}, {{.}}{{end}}
union all
select
  'opening', origin, direction, instrument, funded, legal_entity, book, index_name, index_series{{range .Scopes}}, {{.}}{{end}},
  count(*), sum(notional), sum(net_fair_value), sum(valuation_adjustment)
from opening_facts
group by origin, direction, instrument, funded, legal_entity, book, index_name, index_series{{range .Scopes}}, {{.}}{{end}}
