-- eight_quarters: one row per fiscal quarter up to the as-of date, direction and how
-- they stand to each scope: what the release of each quarter's end shows that its
-- packet displays, else the newest
-- reads: quarter_ends
select
  place, period, direction, funded,
  cast(sum(notional) as decimal(18, 2)) as notional,
  cast(sum(receivable) as decimal(18, 2)) as fair_value_receivable,
  cast(sum(payable) as decimal(18, 2)) as fair_value_payable,
  cast(sum(receivable - payable) as decimal(18, 2)) as net_fair_value,
  cast(sum(gains) as decimal(18, 2)) as realized_gains,
  cast(sum(losses) as decimal(18, 2)) as realized_losses,
  cast(sum(gains + losses) as decimal(18, 2)) as realized_net{{range .Scopes}},
  {{.}}{{end}}
from quarter_ends
group by place, period, direction, funded{{range .Scopes}}, {{.}}{{end}}
