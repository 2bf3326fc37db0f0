-- fair_value_moves: one row per cause, class and how it is told, of what leads from the
-- fair value at the last fiscal year-end to that at the as-of date. Cash settles value
-- on either side of it: what was paid for a trade came in with it, what was received
-- on its close went out. What is left is the market's, or what pnl_explain tells of it
-- and the rest (DOMAIN: flows).
-- reads: period_balances, moved_positions, opening_positions, conversions; pnl_explain where
-- delivered; realized_facts, and where they say no cash facts and opening_facts
with currency_changed as ( -- which are two rows of moved_positions; of a comparison the engine expects few rows, and keeps those in memory
  select
    o.source_system, o.position_id, c.is_open, o.opening_fair_value, c.direction, c.instrument, c.funded{{range .Scopes}}, c.{{.}}{{end}},
    o.opening_direction, o.opening_instrument, o.opening_funded{{range .Scopes}}, o.opening_{{.}}{{end}}
  from moved_positions as o
  join moved_positions as c on c.position_id = o.position_id and c.source_system = o.source_system
  where o.was_open and o.is_open <> o.was_open and not c.was_open
),
opened as not materialized (
  select
    source_system, position_id, is_open, opening_fair_value, direction, instrument, funded{{range .Scopes}}, {{.}}{{end}},
    opening_direction, opening_instrument, opening_funded{{range .Scopes}}, opening_{{.}}{{end}}
  from moved_positions
  where was_open
  union all
  select * from currency_changed
),
reclassified as (
  select
    case when {{range $i, $scope := .Scopes}}{{if $i}} or {{end}}{{$scope}} <> opening_{{$scope}}{{end}} then 'scope' else 'reclassified' end as cause,
    direction, instrument, funded{{range .Scopes}}, {{.}}{{end}}, opening_direction, opening_instrument, opening_funded{{range .Scopes}}, opening_{{.}}{{end}},
    sum(opening_fair_value) as fair_value
  from opened
  where direction <> opening_direction or instrument <> opening_instrument or funded <> opening_funded{{range .Scopes}} or {{.}} <> opening_{{.}}{{end}}
  group by all
),
rates_moved as (
  select k.direction, k.instrument, k.funded{{range .Scopes}}, k.{{.}}{{end}}, sum(convert_amount(p.fair_value, n.numerator, n.denominator) - k.opening_fair_value) as fx
  from opening_positions as p
  join conversions as n on n.currency = coalesce(p.fair_value_currency, p.currency)
  join opened as k on k.position_id = p.position_id and k.source_system = p.source_system and k.is_open
  where p.fair_value is not null and coalesce(p.fair_value_currency, p.currency) <> '{{.Currency}}'
  group by all
),
told_apart as (
  select 'opening' as cause, direction, instrument, funded{{range .Scopes}}, {{.}}{{end}}, net_fair_value as amount from period_balances where period_end = 'opening'
  union all
  select cause, opening_direction, opening_instrument, opening_funded{{range .Scopes}}, opening_{{.}}{{end}}, -fair_value from reclassified
  union all
  select cause, direction, instrument, funded{{range .Scopes}}, {{.}}{{end}}, fair_value from reclassified
  union all
  select 'fx', direction, instrument, funded{{range .Scopes}}, {{.}}{{end}}, fx from rates_moved
  union all
  select 'adjustments', direction, instrument, funded{{range .Scopes}}, {{.}}{{end}}, case when period_end = 'opening' then -net_fair_value else net_fair_value end
  from period_balances
  where origin = 'adjustment'{{if .Has "realized_cash"}}
  union all
  select
    case
      when kind in ('upfront', 'option_premium') then 'new'
      when kind in ('termination', 'partial_termination', 'novation', 'maturity', 'exercise', 'credit_event') then 'closed_out'
      else 'cash_settled'
    end,
    direction, instrument, funded{{range .Scopes}}, {{.}}{{end}}, -cash
  from realized_facts
  where fiscal_year = 'this_year' and cash is not null and kind not in ('transfer', 'collateral'){{else}}
  union all
  select 'new', direction, instrument, funded{{range .Scopes}}, {{.}}{{end}}, net_fair_value
  from facts as c
  where origin = 'position' and not exists (select 1 from opening_facts as o where o.position_id = c.position_id and o.source_system = c.source_system and o.origin = 'position')
  union all
  select 'closed_out', direction, instrument, funded{{range .Scopes}}, {{.}}{{end}}, -opening_fair_value
  from moved_positions as o
  where not is_open and not exists (select 1 from moved_positions as c where c.position_id = o.position_id and c.source_system = o.source_system and c.is_open){{end}}
),
told as (
  select cause, 'none' as told_by, direction, instrument, funded{{range .Scopes}}, {{.}}{{end}}, sum(amount) as amount
  from told_apart
  group by cause, direction, instrument, funded{{range .Scopes}}, {{.}}{{end}}
),
left_over as (
  select direction, instrument, funded{{range .Scopes}}, {{.}}{{end}}, sum(amount) as amount
  from (
    select direction, instrument, funded{{range .Scopes}}, {{.}}{{end}}, net_fair_value as amount from period_balances where period_end = 'closing'
    union all
    select direction, instrument, funded{{range .Scopes}}, {{.}}{{end}}, -amount from told
  ) as both_sides
  group by direction, instrument, funded{{range .Scopes}}, {{.}}{{end}}
){{if .Has "pnl_explain"}},
classes as ( -- of the positions that pnl_explain names: as they are or, where they are gone, as they were or as their events say
  select
    position_id, min_by(direction, place) as direction, min_by(instrument, place) as instrument, min_by(funded, place) as funded{{range .Scopes}},
    min_by({{.}}, place) as {{.}}{{end}}
  from (
    select position_id, case when is_open then '0' else '1' end as place, direction, instrument, funded{{range .Scopes}}, {{.}}{{end}} from moved_positions{{if .Has "realized"}}
    union all
    select position_id, '2' || event_id, direction, instrument, funded{{range .Scopes}}, {{.}}{{end}} from realized_facts where fiscal_year = 'this_year'{{end}}
  ) as either
  where position_id in (select position_id from pnl_explain)
  group by position_id
),
books as (
  select book{{range .Scopes}}, coalesce(min({{.}}) filter (where period_end = 'closing'), min({{.}})) as {{.}}{{end}}
  from period_balances
  where origin = 'position' and book is not null
  group by book
),
explained as (
  select
    e.factor, case when e.position_id is not null then 'position' else 'book' end as told_by,
    coalesce(c.direction, 'unclassified') as direction, coalesce(c.instrument, 'unclassified') as instrument, coalesce(c.funded, false) as funded{{range .Scopes}},
    coalesce(c.{{.}}, b.{{.}}, 'out_of_scope') as {{.}}{{end}},
    convert_amount(e.amount, n.numerator, n.denominator) as amount
  from pnl_explain as e
  join explain_conversions as n on n.currency = e.currency and n.event_date = e.pnl_date
  left join classes as c on c.position_id = e.position_id
  left join books as b on b.book = case when e.position_id is null then e.book end
){{end}},
moves as (
  select cause, told_by, direction, instrument, funded{{range .Scopes}}, {{.}}{{end}}, amount from told
  union all
  select '{{if .Has "pnl_explain"}}unexplained{{else}}market{{end}}', 'none', direction, instrument, funded{{range .Scopes}}, {{.}}{{end}}, amount from left_over{{if .Has "pnl_explain"}}
  union all
  select factor, told_by, direction, instrument, funded{{range .Scopes}}, {{.}}{{end}}, amount from explained
  union all
  select 'unexplained', told_by, direction, instrument, funded{{range .Scopes}}, {{.}}{{end}}, -amount from explained{{end}}
)
select
  cause, told_by, direction, instrument, funded, cast(sum(amount) as decimal(18, 2)) as amount{{range .Scopes}}, {{.}}{{end}}
from moves
group by cause, told_by, direction, instrument, funded{{range .Scopes}}, {{.}}{{end}}
having sum(amount) <> 0
