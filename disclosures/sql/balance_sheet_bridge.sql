-- balance_sheet_bridge: one row per scope, legal entity and line between gross fair
-- value and the balance sheet, as the book has it and as the ledger has it. The ledger
-- of an entity has its internal trades too, so the book's lines do.
-- reads: counterparty_balances, ledger, collateral, conversions
with netted as ({{range $i, $scope := .Names}}{{if $i}}
  union all{{end}}
  select
    '{{$scope}}' as scope, legal_entity, netting_set_id,
    sum(facts) as facts, sum(fair_value_receivable) as receivable, sum(fair_value_payable) as payable, coalesce(sum(valuation_adjustment), 0) as adjustment,
    coalesce(sum(fair_value_receivable - fair_value_payable) filter (where scope_{{$scope}} = 'internal'), 0) as internal
  from counterparty_balances
  where scope_{{$scope}} <> 'out_of_scope'
  group by legal_entity, netting_set_id{{end}}
),
secured as (
  select
    a.netting_set_id,
    sum(coalesce(convert_amount(a.held, n.numerator, n.denominator), 0)) as held,
    sum(coalesce(convert_amount(a.posted, n.numerator, n.denominator), 0)) as posted
  from collateral as a
  left join conversions as n on n.currency = a.currency
  group by a.netting_set_id
),
sets as (
  select
    s.scope, s.legal_entity, s.facts, s.receivable, s.payable, s.adjustment, s.internal,
    case when s.netting_set_id is null then 0 else least(s.receivable, s.payable) end as netting,
    -- what is left of it: collateral of a set that several of our entities share counts once
    least(s.exposure, greatest(coalesce(c.held, 0) - coalesce(sum(s.exposure) over earlier, 0), 0)) as held,
    least(s.liability, greatest(coalesce(c.posted, 0) - coalesce(sum(s.liability) over earlier, 0), 0)) as posted
  from (select *, greatest(receivable - payable, 0) as exposure, greatest(payable - receivable, 0) as liability from netted) as s
  left join secured as c on c.netting_set_id = s.netting_set_id
  window earlier as (partition by s.scope, s.netting_set_id order by s.legal_entity rows between unbounded preceding and 1 preceding)
),
posted_in_ledger as (
  select l.legal_entity, l.measure, sum(convert_amount(l.amount, n.numerator, n.denominator)) as amount
  from ledger as l
  left join conversions as n on n.currency = l.currency
  where l.measure <> 'trading_revenue'
  group by l.legal_entity, l.measure
),
of_ledger_alone as ( -- entities of a scope that the book has nothing of{{range $i, $scope := .Names}}{{if $i}}
  union{{end}}
  select '{{$scope}}' as scope, legal_entity
  from posted_in_ledger as l
  where {{$.IsMember $scope}} and not exists (select 1 from sets as s where s.scope = '{{$scope}}' and s.legal_entity = l.legal_entity)
  group by legal_entity{{end}}
),
entities as (
  select
    scope, legal_entity, sum(facts) as facts, sum(receivable) as receivable, sum(payable) as payable, sum(adjustment) as adjustment, sum(internal) as internal,
    sum(netting) as netting, sum(held - posted) as collateral
  from sets
  group by scope, legal_entity
  union all
  select scope, legal_entity, 0, 0, 0, 0, 0, 0, 0 from of_ledger_alone
),
lines as (
  select scope, legal_entity, facts, 'gross_receivable' as line, receivable as book, 1 as sign from entities
  union all
  select scope, legal_entity, facts, 'gross_payable', -payable, -1 from entities
  union all
  select scope, legal_entity, facts, 'cash_collateral', -collateral, -1 from entities
  union all
  select scope, legal_entity, facts, 'valuation_adjustment', adjustment, 1 from entities
  union all
  select scope, legal_entity, facts, 'counterparty_netting', netting, 1 from entities
  union all
  select scope, legal_entity, facts, 'internal', internal, 1 from entities
  union all
  select scope, legal_entity, facts, 'balance_sheet', receivable - payable - collateral + adjustment, 1 from entities
)
select
  coalesce(b.legal_entity, '') as legal_entity, b.line, cast(b.facts as bigint) as facts,
  cast(b.book as decimal(18, 2)) as book,
  cast(coalesce(b.sign * l.amount, 0) as decimal(18, 2)) as ledger,
  l.amount is not null as in_ledger,
  cast(case when l.amount is null then 0 else b.book - b.sign * l.amount end as decimal(18, 2)) as difference{{range .Names}},
  case when b.scope = '{{.}}' then 'external' else 'out_of_scope' end as scope_{{.}}{{end}}
from lines as b
left join posted_in_ledger as l on l.legal_entity = b.legal_entity and l.measure = b.line
