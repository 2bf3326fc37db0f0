-- fair_value_moves: one row per cause, class and how it is told, of what leads from the
-- fair value at the last fiscal year-end to that at the as-of date. Cash settles value
-- on either side of it: what was paid for a trade came in with it, what was received
-- on its close went out. What is left is the market's, or what pnl_explain tells of it
-- and the rest (DOMAIN: flows).
-- reads: facts, opening_facts, positions, opening_positions, conversions; realized_facts
-- and pnl_explain where delivered
with before as (
  select source_system, position_id, adjustment_id, origin, direction, instrument, funded{{range .Scopes}}, {{.}}{{end}}, sum(net_fair_value) as fair_value
  from opening_facts
  group by source_system, position_id, adjustment_id, origin, direction, instrument, funded{{range .Scopes}}, {{.}}{{end}}
),
after as (
  select source_system, position_id, adjustment_id, origin, direction, instrument, funded{{range .Scopes}}, {{.}}{{end}}, sum(net_fair_value) as fair_value
  from facts
  group by source_system, position_id, adjustment_id, origin, direction, instrument, funded{{range .Scopes}}, {{.}}{{end}}
),
kept as (
  select
    a.source_system, a.position_id, a.direction, a.instrument, a.funded{{range .Scopes}}, a.{{.}}{{end}},
    b.direction as opening_direction, b.instrument as opening_instrument, b.funded as opening_funded{{range .Scopes}}, b.{{.}} as opening_{{.}}{{end}},
    b.fair_value, {{range $i, $scope := .Scopes}}{{if $i}} or {{end}}a.{{$scope}} <> b.{{$scope}}{{end}} as scope_moved,
    a.direction <> b.direction or a.instrument <> b.instrument or a.funded <> b.funded{{range .Scopes}} or a.{{.}} <> b.{{.}}{{end}} as is_moved
  from after as a
  join before as b on b.position_id = a.position_id and b.source_system = a.source_system
  where a.origin = 'position' and b.origin = 'position'
),
rates_moved as (
  select k.*, coalesce(convert_amount(p.fair_value, n.numerator, n.denominator) - k.fair_value, 0) as fx
  from kept as k
  join opening_positions as p on p.position_id = k.position_id and p.source_system = k.source_system
  left join conversions as n on n.currency = coalesce(p.fair_value_currency, p.currency)
),
told as (
  select 'opening' as cause, 'none' as told_by, direction, instrument, funded{{range .Scopes}}, {{.}}{{end}}, fair_value as amount from before
  union all
  select case when scope_moved then 'scope' else 'reclassified' end, 'none', opening_direction, opening_instrument, opening_funded{{range .Scopes}}, opening_{{.}}{{end}}, -fair_value from kept where is_moved
  union all
  select case when scope_moved then 'scope' else 'reclassified' end, 'none', direction, instrument, funded{{range .Scopes}}, {{.}}{{end}}, fair_value from kept where is_moved
  union all
  select 'fx', 'none', direction, instrument, funded{{range .Scopes}}, {{.}}{{end}}, fx from rates_moved
  union all
  select 'adjustments', 'none', direction, instrument, funded{{range .Scopes}}, {{.}}{{end}}, fair_value from after where origin = 'adjustment'
  union all
  select 'adjustments', 'none', direction, instrument, funded{{range .Scopes}}, {{.}}{{end}}, -fair_value from before where origin = 'adjustment'{{if .Has "realized"}}
  union all
  select
    case
      when kind in ('upfront', 'option_premium') then 'new'
      when kind in ('termination', 'partial_termination', 'novation', 'maturity', 'exercise', 'credit_event') then 'closed_out'
      else 'cash_settled'
    end,
    'none', direction, instrument, funded{{range .Scopes}}, {{.}}{{end}}, -cash
  from realized_facts
  where fiscal_year = 'this_year' and cash is not null and kind not in ('transfer', 'collateral'){{else}}
  union all
  select 'new', 'none', direction, instrument, funded{{range .Scopes}}, {{.}}{{end}}, fair_value
  from after as a
  where origin = 'position' and not exists (select 1 from before as b where b.position_id = a.position_id and b.source_system = a.source_system and b.origin = 'position')
  union all
  select 'closed_out', 'none', direction, instrument, funded{{range .Scopes}}, {{.}}{{end}}, -fair_value
  from before as b
  where origin = 'position' and not exists (select 1 from after as a where a.position_id = b.position_id and a.source_system = b.source_system and a.origin = 'position'){{end}}
),
left_over as (
  select direction, instrument, funded{{range .Scopes}}, {{.}}{{end}}, sum(amount) as amount
  from (
    select direction, instrument, funded{{range .Scopes}}, {{.}}{{end}}, fair_value as amount from after
    union all
    select direction, instrument, funded{{range .Scopes}}, {{.}}{{end}}, -amount from told
  ) as both_sides
  group by direction, instrument, funded{{range .Scopes}}, {{.}}{{end}}
){{if .Has "pnl_explain"}},
classes as (
  select position_id, min(direction) as direction, min(instrument) as instrument, min(case when funded then 1 else 0 end) as is_funded{{range .Scopes}}, min({{.}}) as {{.}}{{end}}
  from (
    select position_id, direction, instrument, funded{{range .Scopes}}, {{.}}{{end}} from after where origin = 'position'
    union all
    select b.position_id, b.direction, b.instrument, b.funded{{range .Scopes}}, b.{{.}}{{end}} from before as b
    where origin = 'position' and not exists (select 1 from after as a where a.position_id = b.position_id and a.source_system = b.source_system and a.origin = 'position')
  ) as either
  group by position_id
),
books as (
  select p.book{{range .Scopes}}, min({{.}}) as {{.}}{{end}}
  from (select book, position_id from positions union select book, position_id from opening_positions) as p
  join classes as c on c.position_id = p.position_id
  where p.book is not null
  group by p.book
),
explained as (
  select
    e.factor, case when e.position_id is not null then 'position' else 'book' end as told_by,
    coalesce(c.direction, 'unclassified') as direction, coalesce(c.instrument, 'unclassified') as instrument, coalesce(c.is_funded = 1, false) as funded{{range .Scopes}},
    coalesce(c.{{.}}, b.{{.}}, 'out_of_scope') as {{.}}{{end}},
    convert_amount(e.amount, n.numerator, n.denominator) as amount
  from pnl_explain as e
  join explain_conversions as n on n.currency = e.currency and n.event_date = e.pnl_date
  left join classes as c on c.position_id = e.position_id
  left join books as b on e.position_id is null and b.book = e.book
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
