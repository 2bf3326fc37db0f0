-- income_bridge: one row per scope, legal entity and line of what makes trading revenue
-- of the fiscal year to date of these books, and that of the ledger. The ledger of an
-- entity has its internal trades too, so the book's lines do. Cash that is basis is
-- neither gained nor lost: what was paid for a trade left with it what its value gains.
-- Nor is the opening value of what enters a scope or leaves it.
-- reads: realized_facts, period_balances, moved_positions, opening_facts, ledger
with realized as ({{range $i, $scope := .Names}}{{if $i}}
  union all{{end}}
  select
    '{{$scope}}' as scope, legal_entity, count(*) as facts,
    coalesce(sum(realized_gain_loss) filter (where result = 'gain'), 0) as gains, coalesce(sum(realized_gain_loss) filter (where result = 'loss'), 0) as losses,
    coalesce(sum(cash - realized_gain_loss) filter (where kind not in ('transfer', 'collateral')), 0) as basis
  from realized_facts
  where fiscal_year = 'this_year' and not funded and scope_{{$scope}} <> 'out_of_scope'
  group by legal_entity{{end}}
),
unrealized as ({{range $i, $scope := .Names}}{{if $i}}
  union all{{end}}
  select
    '{{$scope}}' as scope, 'unrealized_' || period_end as line, legal_entity, case when period_end = 'opening' then -1 else 1 end as sign,
    sum(facts) as facts, sum(net_fair_value) as fair_value, coalesce(sum(valuation_adjustment), 0) as adjustment
  from period_balances
  where not funded and scope_{{$scope}} <> 'out_of_scope'
  group by period_end, legal_entity{{end}}
),
entered_or_left as ({{range $i, $scope := .Names}}{{if $i}}
  union all{{end}}
  select
    '{{$scope}}' as scope, f.legal_entity, case when m.scope_{{$scope}} = 'out_of_scope' then 1 else -1 end as sign,
    count(*) as facts, sum(f.net_fair_value) as fair_value, coalesce(sum(f.valuation_adjustment), 0) as adjustment
  from moved_positions as m
  join opening_facts as f on f.position_id = m.position_id and f.source_system = m.source_system
  where m.was_open and (m.scope_{{$scope}} = 'out_of_scope') <> (m.opening_scope_{{$scope}} = 'out_of_scope') and not f.funded
  group by f.legal_entity, sign{{end}}
),
ledger_revenue as (
  select
    legal_entity, sum(amount) filter (where currency = '{{.Currency}}') as amount, -- none where it has other currencies alone
    count(*) filter (where currency <> '{{.Currency}}') as in_other_currencies
  from ledger
  where measure = 'trading_revenue'
  group by legal_entity
),
lines as (
  select scope, legal_entity, 'realized_gains' as line, facts, gains as amount from realized
  union all
  select scope, legal_entity, 'realized_losses', 0, losses from realized
  union all
  select scope, legal_entity, 'basis', facts, basis from realized
  union all
  select scope, legal_entity, line, facts, sign * fair_value from unrealized
  union all
  select scope, legal_entity, 'valuation_adjustment', facts, sign * adjustment from unrealized
  union all
  select scope, legal_entity, 'scope', facts, sign * fair_value from entered_or_left
  union all
  select scope, legal_entity, 'valuation_adjustment', 0, sign * adjustment from entered_or_left{{range .Names}}
  union all -- of an entity that the book has nothing of, all of it differs
  select '{{.}}', legal_entity, 'realized_gains', 0, 0 from ledger_revenue where {{$.IsMember .}}{{end}}
),
summed as (
  select scope, legal_entity, line, sum(facts) as facts, sum(amount) as amount from lines group by scope, legal_entity, line
  union all
  select scope, legal_entity, 'trading_revenue', sum(facts), sum(amount) from lines group by scope, legal_entity
)
select
  coalesce(s.legal_entity, '') as legal_entity, s.line, cast(s.facts as bigint) as facts,
  cast(s.amount as decimal(18, 2)) as book,
  cast(case when s.line = 'trading_revenue' then coalesce(l.amount, 0) else 0 end as decimal(18, 2)) as ledger,
  s.line = 'trading_revenue' and l.amount is not null as in_ledger,
  cast(case when s.line = 'trading_revenue' then coalesce(l.in_other_currencies, 0) else 0 end as bigint) as in_other_currencies,
  cast(case when s.line = 'trading_revenue' and l.amount is not null then s.amount - l.amount else 0 end as decimal(18, 2)) as difference{{range .Names}},
  case when s.scope = '{{.}}' then 'external' else 'out_of_scope' end as scope_{{.}}{{end}}
from summed as s
left join ledger_revenue as l on l.legal_entity = s.legal_entity
