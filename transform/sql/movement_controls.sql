-- movement_controls: one row per identity of the roll-forward and subject, both sides
-- reads: movements, facts, lifecycle_since, moves
with by_class as (
  select {{.Class ""}}, sum(notional) as notional, sum(notional_local) as notional_local
  from (
    select {{.Class ""}}, notional, notional_local from movements
    union all
    select {{.Class ""}}, -notional, -notional_local from facts
  ) as both_sides
  group by {{.Class ""}}
)
select 'movements_are_the_facts' as control_id, 'integrity' as class, 'every class' as subject,
  'facts less opening and movements, added up class by class' as left_meaning, cast(coalesce(sum(abs(notional) + abs(notional_local)), 0) as decimal(38, 2)) as left_value,
  'nil' as right_meaning, cast(0 as decimal(38, 2)) as right_value, cast(0 as decimal(38, 2)) as tolerance
from by_class
union all
select 'movements_without_currency', 'completeness', 'events',
  'events of positions whose currency neither the book, the event nor what it realized tells', cast(count(*) as decimal(38, 2)), 'none', cast(0 as decimal(38, 2)), cast(0 as decimal(38, 2))
from moves where currency is null
union all
select 'cents_are_of_rounding', 'integrity', 'every class',
  'cents of rounding, absolute, above half a cent for each amount that was rounded',
  cast(greatest(sum(case when cause = 'cents_of_rounding' then abs(notional) else 0 end)
    - cast(0.005 as decimal(4, 3)) * (count(*) + 3 * count(distinct case when cause = 'cents_of_rounding' then position_id end)), 0) as decimal(38, 2)),
  'nil', cast(0 as decimal(38, 2)), cast(0 as decimal(38, 2))
from movements
{{if .ByEvents}}
union all
select 'events_are_placed', 'integrity', 'events',
  'events booked since the opening', cast((select count(*) from lifecycle_since where booking_date > {{.Since}} and booking_date <= {{.AsOf}}) as decimal(38, 2)),
  'events in the roll-forward', cast(count(*) as decimal(38, 2)), cast(0 as decimal(38, 2))
from moves
union all
select 'reclassified_is_nil', 'reconciliation', currency,
  'what events move from one position to another, in ' || currency, cast(sum(notional_local) as decimal(38, 2)), 'nil', cast(0 as decimal(38, 2)), cast(0 as decimal(38, 2))
from movements where cause = 'reclassified' and attribute = 'position' group by currency having sum(notional_local) <> 0
{{range .Scopes}}
union all
select 'opening_and_movements_close', 'reconciliation', '{{.Name}} notional',
  'closing', cast(c.notional as decimal(38, 2)), 'opening and what explains its change', cast(m.notional as decimal(38, 2)), {{$.Unexplained}}
from (select coalesce(sum(notional), 0) as notional from facts where {{.Column}} = 'external') as c
cross join (select coalesce(sum(notional), 0) as notional from movements where {{.Column}} = 'external' and cause <> 'unexplained') as m
union all
select 'movements_unexplained', 'reconciliation', '{{.Name}} notional',
  'unexplained, by trade and without netting', cast(coalesce(sum(abs(notional)), 0) as decimal(38, 2)), 'nil', cast(0 as decimal(38, 2)), {{$.Unexplained}}
from movements where {{.Column}} = 'external' and cause = 'unexplained'
{{end}}{{end}}
order by control_id, subject
