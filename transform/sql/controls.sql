-- controls of the transformation: one row per control and subject, with both sides
-- reads: positions, facts_stored, internal_pairs, indices_as_of, applied_adjustments,
-- realized, realized_facts, released_basis, held_basis
with original as (
  select p.currency,
    case
      when p.attachment_point is not null then greatest(p.notional - coalesce(p.losses_to_date, 0), 0)
      when p.index_name is not null then coalesce(times_factor(p.notional, coalesce(p.index_factor, i.factor_of_index)), p.notional)
      else p.notional
    end as notional
  from positions as p
  left join indices_as_of as i
    on i.index_name = p.index_name and i.index_series = p.index_series and i.index_version = coalesce(p.index_version, 0)
  where p.notional_basis = 'original'
),
notionals as (
  select currency, sum(notional) as notional, sum(records) as records
  from (
    select currency, sum(notional) as notional, count(*) as records from positions where notional_basis is distinct from 'original' group by currency
    union all
    select currency, sum(notional), count(*) from original group by currency
    union all
    select currency, sum(coalesce(notional, 0)), count(*) from applied_adjustments group by currency
  ) as parts
  group by currency
),
sums as (
  select currency{{range .Scopes}}, {{.Column}}{{end}}, count(*) filter (where slice <= 1) as records, sum(notional_local) as notional_local, sum(notional) as notional
  from facts_stored
  group by currency{{range .Scopes}}, {{.Column}}{{end}}
),
facts_by_currency as (
  select currency, sum(records) as records, sum(notional_local) as notional_local
  from sums
  group by currency
)
select 'facts_equal_positions' as control_id, 'integrity' as class, n.currency || ' records' as subject,
  'positions and adjustments' as left_meaning, cast(n.records as decimal(38, 2)) as left_value,
  'facts' as right_meaning, cast(coalesce(f.records, 0) as decimal(38, 2)) as right_value, cast(0 as decimal(38, 2)) as tolerance
from notionals as n left join facts_by_currency as f on f.currency = n.currency
union all
select 'facts_equal_positions', 'integrity', n.currency || ' notional',
  'notional of positions and adjustments, in ' || n.currency, cast(n.notional as decimal(38, 2)),
  'notional_local of facts', cast(coalesce(f.notional_local, 0) as decimal(38, 2)), 0
from notionals as n left join facts_by_currency as f on f.currency = n.currency
{{range .Scopes}}
union all
select 'scope_is_complete', 'integrity', '{{.Name}} notional',
  'notional of all facts', cast(coalesce(sum(notional), 0) as decimal(38, 2)),
  'external, internal and out of scope', cast(coalesce(sum(notional) filter (where {{.Column}} in ('external', 'internal', 'out_of_scope')), 0) as decimal(38, 2)), 0
from sums
union all
select 'internal_legs_pair', 'completeness', '{{.Name}} notional',
  'protection bought less sold that is left of internal pairs', cast(coalesce(sum(abs(notional)), 0) as decimal(38, 2)),
  'nil', cast(0 as decimal(38, 2)), {{$.InternalBreaks}}
from internal_pairs where scope = '{{.Name}}'
union all
select 'internal_legs_pair', 'completeness', '{{.Name}} fair value',
  'fair value that is left of internal pairs', cast(coalesce(sum(abs(fair_value)), 0) as decimal(38, 2)),
  'nil', cast(0 as decimal(38, 2)), {{$.InternalBreaks}}
from internal_pairs where scope = '{{.Name}}'
{{end}}
union all
select 'realized_equal_events', 'integrity', e.currency,
  'realized of the events of the fiscal year, in ' || e.currency, cast(e.realized as decimal(38, 2)),
  'realized_local of realized_facts, of the sub-ledger', cast(coalesce(f.realized, 0) as decimal(38, 2)), 0
from (
  select currency, sum(coalesce(realized_gain_loss, 0)) as realized from realized
  where booking_date >= {{.YearStart}} and booking_date <= {{.AsOf}} group by currency
) as e
left join (
  select currency, sum(coalesce(realized_local, 0)) as realized from realized_facts where amount_from = 'sub_ledger' and fiscal_year = 'this_year' group by currency
) as f on f.currency = e.currency
union all
select 'cash_only_accounted', 'integrity', e.currency,
  'cash of the events of the fiscal year that have cash alone, in ' || e.currency, cast(e.cash as decimal(38, 2)),
  'of realized_facts: realized less basis released, held as basis, never realized, and left without an amount', cast(coalesce(f.cash, 0) as decimal(38, 2)), 0
from (
  select currency, sum(cash) as cash from realized
  where booking_date >= {{.YearStart}} and booking_date <= {{.AsOf}} and realized_gain_loss is null and cash is not null group by currency
) as e
left join (
  select currency, sum(case when amount_from in ('as_settled', 'basis_released') and kind not in ('upfront', 'option_premium') then realized_local - coalesce(basis_released_local, 0) else coalesce(cash_local, 0) end) as cash
  from realized_facts where amount_from <> 'sub_ledger' and fiscal_year = 'this_year' group by currency
) as f on f.currency = e.currency
union all
select 'basis_accounted', 'integrity', e.currency,
  'upfront and option premium of events that have cash alone, in ' || e.currency, cast(e.basis as decimal(38, 2)),
  'released, and still held', cast(coalesce(r.released, 0) + coalesce(h.held, 0) as decimal(38, 2)), 0
from (
  select currency, sum(cash) as basis from realized
  where kind in ('upfront', 'option_premium') and realized_gain_loss is null and cash is not null and booking_date <= {{.AsOf}} and {{.Realized.DerivesCash}} group by currency
) as e
left join (select currency, sum(released) as released from released_basis group by currency) as r on r.currency = e.currency
left join (select currency, sum(held) as held from held_basis group by currency) as h on h.currency = e.currency
order by control_id, subject
