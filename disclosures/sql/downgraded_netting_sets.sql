-- downgraded_netting_sets: one row per scope, netting set, counterparty and number of
-- notches by which the counterparty, or we ourselves, would be rated lower
-- reads: counterparty_balances, counterparties_as_of, collateral, conversions
with sets as ({{range $i, $scope := .Scopes}}
  {{if $i}}union all
  {{end}}select
    '{{$scope}}' as scope, netting_set_id, counterparty_id, counterparty_type,
    coalesce(sum(notional) filter (where direction = 'bought'), 0) as protection_bought,
    case when netting_set_id is null then sum(fair_value_receivable) else greatest(sum(fair_value_receivable - fair_value_payable), 0) end as exposure,
    case when netting_set_id is null then sum(fair_value_payable) else greatest(sum(fair_value_payable - fair_value_receivable), 0) end as liability
  from counterparty_balances
  where {{$scope}} = 'external'
  group by netting_set_id, counterparty_id, counterparty_type{{end}}
),
agreements as (
  select
    a.netting_set_id, a.agency, {{.Notch "a.grade"}} as grade_notch, {{.Notch "a.termination_trigger"}} as termination_notch,
    a.termination_trigger is not null or a.threshold is not null as contingent,
    coalesce(convert_amount(a.held, n.numerator, n.denominator), 0) as held,
    coalesce(convert_amount(a.posted, n.numerator, n.denominator), 0) as posted,
    coalesce(convert_amount(a.threshold, n.numerator, n.denominator), 0) as threshold,
    coalesce(convert_amount(a.minimum_transfer, n.numerator, n.denominator), 0) as minimum_transfer,
    coalesce(convert_amount(case when a.recoverable_on_trigger then a.held end, n.numerator, n.denominator), 0) as recoverable,
    row_number() over (partition by a.netting_set_id order by a.agreement) as first
  from collateral as a
  left join conversions as n on n.currency = a.currency
),
rated as (
  select
    s.*, m.notches, a.grade_notch, a.termination_notch,
    coalesce(a.contingent, false) as contingent, coalesce(a.held, 0) as held, coalesce(a.posted, 0) as posted,
    coalesce(a.recoverable, 0) as recoverable, coalesce(a.threshold, 0) as threshold, coalesce(a.minimum_transfer, 0) as minimum_transfer,
    c.notch <= 10 as was_investment, c.notch + m.notches <= 10 as is_investment,
    case
      when a.agency = 'sp' then c.sp
      when a.agency = 'moodys' then c.moodys
      when a.agency = 'fitch' then c.fitch
      when a.agency = 'higher' then least(coalesce(c.sp, 99), coalesce(c.moodys, 99), coalesce(c.fitch, 99))
      else greatest(coalesce(c.sp, 0), coalesce(c.moodys, 0), coalesce(c.fitch, 0))
    end + m.notches as deciding_notch,
    c.notch is not null as is_rated
  from sets as s
  cross join (values (0), (1), (2), (3)) as m(notches)
  left join agreements as a on a.netting_set_id = s.netting_set_id and a.first = 1
  left join counterparties_as_of as c on c.counterparty_id = s.counterparty_id
),
called as (
  select *,
    case when is_rated and grade_notch is not null and deciding_notch > grade_notch then greatest(exposure - held, 0) else greatest(exposure - threshold - held, 0) end as gap
  from rated
)
select
  netting_set_id, counterparty_id, cast(notches as varchar) as notches, is_rated, contingent, counterparty_type,
  coalesce(was_investment, false) and not coalesce(is_investment, true) as falls_below_investment,
  cast(exposure as decimal(18, 2)) as exposure,
  cast(liability as decimal(18, 2)) as liability,
  cast(held as decimal(18, 2)) as collateral_held,
  cast(posted as decimal(18, 2)) as collateral_posted,
  cast(recoverable as decimal(18, 2)) as recoverable,
  cast(case when gap > minimum_transfer then gap else 0 end as decimal(18, 2)) as collateral_callable,
  cast(case when contingent then greatest(liability - posted, 0) else 0 end as decimal(18, 2)) as settlement_on_trigger,
  cast(case when is_rated and termination_notch is not null and deciding_notch > termination_notch then exposure else 0 end as decimal(18, 2)) as terminable,
  cast(protection_bought as decimal(18, 2)) as protection_bought
  {{range .Scopes}}, case when scope = '{{.}}' then 'external' else 'out_of_scope' end as {{.}}{{end}}
from called
