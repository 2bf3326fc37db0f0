-- fair_value_moves: one row per cause, class and how it is told, of what leads from the
-- fair value at the last fiscal year-end to that at the as-of date. Cash settles value
-- on either side of it: what was paid for a trade came in with it, what was received
-- on its close went out. What is left is the market's, or what pnl_explain tells of it
-- and the rest (DOMAIN: flows).
-- reads: facts, opening_facts, opening_positions, conversions; realized_facts and
-- pnl_explain where delivered
with kept as (
  select
    c.direction, c.instrument, c.funded{{range .Scopes}}, c.{{.}}{{end}},
    o.direction as opening_direction, o.instrument as opening_instrument, o.funded as opening_funded{{range .Scopes}}, o.{{.}} as opening_{{.}}{{end}},
    o.net_fair_value as fair_value, {{range $i, $scope := .Scopes}}{{if $i}} or {{end}}c.{{$scope}} <> o.{{$scope}}{{end}} as scope_moved
  from opening_facts as o
  join facts as c on c.position_id = o.position_id and c.source_system = o.source_system
  where o.origin = 'position' and c.origin = 'position' and c.slice <= 1
    and (c.direction <> o.direction or c.instrument <> o.instrument or c.funded <> o.funded{{range .Scopes}} or c.{{.}} <> o.{{.}}{{end}})
),
rates_moved as ( -- slices together are the position, whose fair value is converted as a whole
  select c.direction, c.instrument, c.funded{{range .Scopes}}, c.{{.}}{{end}},
    case when o.slice <= 1 then convert_amount(p.fair_value, n.numerator, n.denominator) else 0 end - o.net_fair_value as fx
  from opening_facts as o
  join facts as c on c.position_id = o.position_id and c.source_system = o.source_system
  join opening_positions as p on p.position_id = o.position_id and p.source_system = o.source_system
  join conversions as n on n.currency = coalesce(p.fair_value_currency, p.currency)
  where o.origin = 'position' and c.origin = 'position' and c.slice <= 1
    and p.fair_value is not null and coalesce(p.fair_value_currency, p.currency) <> '{{.Currency}}'
),
told_apart as (
  select 'opening' as cause, direction, instrument, funded{{range .Scopes}}, {{.}}{{end}}, net_fair_value as amount from opening_facts
  union all
  select case when scope_moved then 'scope' else 'reclassified' end, opening_direction, opening_instrument, opening_funded{{range .Scopes}}, opening_{{.}}{{end}}, -fair_value from kept
  union all
  select case when scope_moved then 'scope' else 'reclassified' end, direction, instrument, funded{{range .Scopes}}, {{.}}{{end}}, fair_value from kept
  union all
  select 'fx', direction, instrument, funded{{range .Scopes}}, {{.}}{{end}}, fx from rates_moved
  union all
  select 'adjustments', direction, instrument, funded{{range .Scopes}}, {{.}}{{end}}, net_fair_value from facts where origin = 'adjustment'
  union all
  select 'adjustments', direction, instrument, funded{{range .Scopes}}, {{.}}{{end}}, -net_fair_value from opening_facts where origin = 'adjustment'{{if .Has "realized"}}
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
  select 'closed_out', direction, instrument, funded{{range .Scopes}}, {{.}}{{end}}, -net_fair_value
  from opening_facts as o
  where origin = 'position' and not exists (select 1 from facts as c where c.position_id = o.position_id and c.source_system = o.source_system and c.origin = 'position'){{end}}
),
told as (
  select cause, 'none' as told_by, direction, instrument, funded{{range .Scopes}}, {{.}}{{end}}, sum(amount) as amount
  from told_apart
  group by cause, direction, instrument, funded{{range .Scopes}}, {{.}}{{end}}
),
left_over as (
  select direction, instrument, funded{{range .Scopes}}, {{.}}{{end}}, sum(amount) as amount
  from (
    select direction, instrument, funded{{range .Scopes}}, {{.}}{{end}}, net_fair_value as amount from facts
    union all
    select direction, instrument, funded{{range .Scopes}}, {{.}}{{end}}, -amount from told
  ) as both_sides
  group by direction, instrument, funded{{range .Scopes}}, {{.}}{{end}}
){{if .Has "pnl_explain"}},
classes as ( -- of the positions that pnl_explain names: as they are or, where they are gone, as they were
  select position_id, min_by(direction, place) as direction, min_by(instrument, place) as instrument, min_by(funded, place) as funded{{range .Scopes}}, min_by({{.}}, place) as {{.}}{{end}}
  from (
    select 1 as place, position_id, direction, instrument, funded{{range .Scopes}}, {{.}}{{end}} from facts where origin = 'position'
    union all
    select 2, position_id, direction, instrument, funded{{range .Scopes}}, {{.}}{{end}} from opening_facts where origin = 'position'
  ) as either
  where position_id in (select position_id from pnl_explain)
  group by position_id
),
books as (
  select book{{range .Scopes}}, coalesce(min(case when is_open then {{.}} end), min({{.}})) as {{.}}{{end}}
  from (
    select book, true as is_open{{range .Scopes}}, {{.}}{{end}} from facts where origin = 'position'
    union all
    select book, false{{range .Scopes}}, {{.}}{{end}} from opening_facts where origin = 'position'
  ) as either
  where book is not null
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
