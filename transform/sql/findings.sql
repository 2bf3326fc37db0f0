-- findings: one row per code and subject of what is no position's own, with what
-- it is about and the money in the reporting currency
-- reads: realized_facts, converted_moves and movements where events moved positions, internal_pairs, evidence, adjustments,
-- unreadable_values, holidays, ledger, collateral, fx_rates, pnl_explain, positions, realized, lifecycle, books, conversions
with unpaired as (
  select 'internal_break' as code, scope as subject, sum(positions) as positions, sum(greatest(abs(notional), abs(fair_value))) as money, min(mirror_id) as example
  from internal_pairs
  where notional <> 0 or fair_value <> 0
  group by scope
),
realized_in_money as (
  select 'unclassified_realized' as code, kind as subject, count(*) as positions, sum(abs(coalesce(realized_gain_loss, realized_year_before))) as money, min(event_id) as example
  from realized_facts
  where classification = 'none'
  group by kind
  union all
  select 'realized_no_value', kind, count(*), cast(null as decimal(38, 2)), min(event_id)
  from realized_facts
  where result = 'no_value'
  group by kind
  union all
  select 'payout_without_cash', kind, count(*), cast(null as decimal(38, 2)), min(event_id)
  from realized_facts
  where direction = 'sold' and not funded and kind in ('credit_event', 'recovery') and coalesce(cash, cash_year_before) is null
  group by kind
  union all
  select 'realized_from_cash', amount_from, count(*), sum(abs(coalesce(cash, cash_year_before))), min(event_id)
  from realized_facts
  where amount_from not in ('sub_ledger', 'none')
  group by amount_from{{if .ListsEntities}}
  union all
  select 'realized_without_entity', kind, count(*), sum(abs(coalesce(realized_gain_loss, realized_year_before))), min(event_id)
  from realized_facts
  where legal_entity is null
  group by kind{{end}}
),{{if .MovedByEvents}}
moved as (
  select 'movement_of_several_positions' as code, cause as subject, count(*) as positions, sum(abs(notional)) as money, min(event_id) as example
  from converted_moves
  where is_one_of_several
  group by cause
  union all
  select 'movement_without_currency', cause, count(*), cast(null as decimal(38, 2)), min(event_id)
  from converted_moves
  where currency is null
  group by cause{{if .ListsEntities}}
  union all
  select 'movement_without_entity', cause, count(*), sum(abs(notional)), min(event_id)
  from converted_moves
  where lacks_entity
  group by cause{{end}}{{range .Scopes}}
  union all
  select 'movement_unexplained', '{{.Name}}', count(distinct position_id), sum(abs(notional)), min(position_id)
  from movements
  where cause = 'unexplained' and {{.Column}} = 'external'
  having count(*) > 0{{end}}
),{{end}}
unreadable as ( -- and what the readers of documents noted with records that they took
  select {{.RecordFinding}} as code, data_set || '.' || column_name as subject, count(*) as positions,
    cast(null as decimal(38, 2)) as money, min(file || ':' || record || ': ' || column_name || ': ' || value) as example
  from unreadable_values
  group by 1, data_set, column_name
),
tested as (
  select outcome as code, scope as subject, cast(sum(positions) as bigint) as positions,
    sum(case when outcome in ('macro_hedge', 'externalised') then notional else unsupported end) as money, min(example) as example
  from evidence
  where scope = {{.DecidingName}} and outcome in ('over_hedge', 'orphan_hedge', 'sold_hedge', 'macro_hedge', 'untested_hedge', 'externalised', 'unmatched_offset')
  group by outcome, scope
),
collateral_not_judged as ( -- what hangs on a rule whose rating is not known, nobody can say
  select 'unknown_rating' as code, 'collateral.grade ' || grade as subject, count(distinct netting_set_id) as positions,
    cast(null as decimal(38, 2)) as money, min(netting_set_id) as example
  from collateral
  where {{.IsUnknownRating "grade"}}
  group by grade
  union all
  select 'unknown_rating', 'collateral.termination_trigger ' || termination_trigger, count(distinct netting_set_id), cast(null as decimal(38, 2)), min(netting_set_id)
  from collateral
  where {{.IsUnknownRating "termination_trigger"}}
  group by termination_trigger
),
holidays_left_out as (
  select 'holiday_not_in_calendar' as code, cast(holiday as varchar) as subject, count(*) as positions, cast(null as decimal(38, 2)) as money, min(calendar) as example
  from holidays
  where holiday in ({{.BusinessDays}})
  group by holiday
  having count(*) = (select count(distinct calendar) from holidays)
),
rates_in_time as (
  select base_currency, currency, rate, rate_date,
    lag(rate) over in_time as rate_before, lag(rate_date) over in_time as date_before, lead(rate_date) over in_time is null as is_newest
  from fx_rates
  where rate_date <= {{.AsOf}}
  window in_time as (partition by base_currency, currency order by rate_date)
),
rates_that_leapt as (
  select 'rate_leapt' as code, base_currency || '/' || currency as subject, 1 as positions, cast(null as decimal(38, 2)) as money,
    cast(rate as varchar) || ' on ' || cast(rate_date as varchar) || ' after ' || cast(rate_before as varchar) || ' on ' || cast(date_before as varchar) as example
  from rates_in_time
  where is_newest and (rate > 1.5 * rate_before or rate_before > 1.5 * rate)
),
ledger_left_out as (
  select 'ledger_of_no_scope' as code, l.legal_entity as subject, count(*) as positions,
    sum(abs(convert_amount(l.amount, n.numerator, n.denominator))) as money, min(l.measure) as example
  from ledger as l
  left join conversions as n on n.currency = l.currency
  where not {{.InAnyScope "l.legal_entity"}}
  group by l.legal_entity
),
explained_positions as ( -- those of pnl_explain that anything else tells of
  select position_id from positions where position_id in (select position_id from pnl_explain)
  union
  select position_id from realized where position_id in (select position_id from pnl_explain)
  union
  select position_id from lifecycle where position_id in (select position_id from pnl_explain)
),
explained_books as (
  select book from positions where book in (select book from pnl_explain)
  union
  select book from books
),
explained_of_nothing as (
  select 'pnl_explain_of_nothing' as code, case when e.position_id is null then 'book' else 'position' end as subject, count(*) as positions,
    case when count(n.currency) = count(*) then sum(abs(convert_amount(e.amount, n.numerator, n.denominator))) end as money, min(coalesce(e.position_id, e.book)) as example
  from pnl_explain as e
  left join conversions as n on n.currency = e.currency
  left join explained_positions as p on p.position_id = e.position_id
  left join explained_books as b on b.book = e.book
  where e.pnl_date >= {{.YearStart}} and e.pnl_date <= {{.AsOf}} and case when e.position_id is null then b.book is null else p.position_id is null end
  group by 2
),
adjustments_left_out as (
  select 'adjustment_not_applied' as code, a.adjustment_id as subject, 1 as positions,
    convert_amount(a.notional, n.numerator, n.denominator) as money,
    case
      when coalesce(a.until, a.as_of) < {{.AsOf}} then 'expired on ' || cast(coalesce(a.until, a.as_of) as varchar)
      when a.approver is null or a.approved_at is null then 'not approved'
      when lower(replace(a.approver, ' ', '')) = lower(replace(a.preparer, ' ', '')) then 'approved by its preparer, ' || a.preparer
      else 'approver ' || a.approver || ' is not among the approvers of the config'
    end as example
  from adjustments as a
  left join conversions as n on n.currency = a.currency
  where a.as_of <= {{.AsOf}}
    and not exists (select 1 from applied_adjustments as d where d.adjustment_id = a.adjustment_id)
)
select code, subject, cast(positions as bigint) as positions, cast(money as decimal(38, 2)) as money, example from unpaired
union all
select code, subject, positions, cast(money as decimal(38, 2)), example from realized_in_money
union all{{if .MovedByEvents}}
select code, subject, positions, cast(money as decimal(38, 2)), example from moved
union all{{end}}
select code, subject, positions, cast(money as decimal(38, 2)), example from unreadable
union all
select code, subject, positions, cast(money as decimal(38, 2)), example from tested
union all
select code, subject, positions, money, example from collateral_not_judged
union all
select code, subject, positions, money, example from holidays_left_out
union all
select code, subject, positions, money, example from rates_that_leapt
union all
select code, subject, positions, cast(money as decimal(38, 2)), example from ledger_left_out
union all
select code, subject, positions, cast(money as decimal(38, 2)), example from explained_of_nothing
union all
select code, subject, positions, cast(money as decimal(38, 2)), example from adjustments_left_out
order by code, subject
