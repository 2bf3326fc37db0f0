-- downgraded_netting_sets: one row per scope, netting set, counterparty and number of
-- notches by which the counterparty, or we ourselves, would be rated lower. A netting set
-- is of one counterparty; where several name it, its amounts stand with the first of them.
-- Where its positions give several types of counterparty, it has that of most notional;
-- what no netting set has is one row per type.
-- reads: counterparty_balances, reference_balances, facts, holdings, reference_entities, counterparties_as_of, collateral, conversions
with groups_of_names as (
  select reference_entity_id, coalesce(hedge_group, reference_entity_id) as hedge_group
  from reference_entities
  where (valid_from is null or valid_from <= {{.AsOf}}) and (valid_until is null or valid_until >= {{.AsOf}})
),
names_of_scopes as ( -- that protection is sold on, or that are of a group of which loans and the like are held{{range $i, $scope := .Names}}{{if $i}}
  union all{{end}}
  select '{{$scope}}' as scope, reference_entity_id from reference_balances where scope_{{$scope}} = 'external' and direction = 'sold' and reference_entity_id is not null
  union all
  select '{{$scope}}', obligor_id from holdings where amount > 0 and ({{$.IsMember $scope}})
  union all
  select '{{$scope}}', n.reference_entity_id
  from holdings as h
  left join groups_of_names as o on o.reference_entity_id = h.obligor_id
  join groups_of_names as n on n.hedge_group = coalesce(o.hedge_group, h.obligor_id)
  where h.amount > 0 and ({{$.IsMember $scope}}){{end}}
),
own_names as (
  select reference_entity_id{{range .Names}}, max(case when scope = '{{.}}' then 1 else 0 end) = 1 as of_{{.}}{{end}}
  from names_of_scopes
  group by reference_entity_id
),
bought_on_own as (
  select f.netting_set_id, f.counterparty_id, f.counterparty_type{{range .Names}}, coalesce(sum(f.notional) filter (where n.of_{{.}} and f.scope_{{.}} = 'external'), 0) as on_{{.}}{{end}}
  from facts as f
  join own_names as n on n.reference_entity_id = f.reference_entity_id
  where f.direction = 'bought' and not f.funded
  group by f.netting_set_id, f.counterparty_id, f.counterparty_type
),
balances as ({{range $i, $scope := .Scopes}}
  {{if $i}}union all
  {{end}}select
    '{{$scope}}' as scope, netting_set_id, counterparty_id, counterparty_type,
    sum(notional) as notional, coalesce(sum(notional) filter (where direction = 'bought'), 0) as protection_bought, 0 as on_own_names,
    sum(fair_value_receivable) as receivable, sum(fair_value_payable) as payable, sum(without_value) as without_value
  from counterparty_balances
  where {{$scope}} = 'external'
  group by netting_set_id, counterparty_id, counterparty_type{{end}}{{range .Names}}
  union all -- the same protection once more
  select 'scope_{{.}}', netting_set_id, counterparty_id, counterparty_type, 0, 0, on_{{.}}, 0, 0, 0 from bought_on_own where on_{{.}} > 0{{end}}
),
largest as (
  select scope, netting_set_id, counterparty_id, max(notional) as notional
  from balances
  where netting_set_id is not null
  group by scope, netting_set_id, counterparty_id
),
types as ( -- a netting set nets whatever types of counterparty its trades give; a window of so few rows each takes longer
  select b.scope, b.netting_set_id, b.counterparty_id, min(b.counterparty_type) as type_of_set
  from balances as b
  join largest as l on l.scope = b.scope and l.netting_set_id = b.netting_set_id and l.counterparty_id is not distinct from b.counterparty_id and l.notional = b.notional
  group by b.scope, b.netting_set_id, b.counterparty_id
),
sets as (
  select
    b.scope, b.netting_set_id, b.counterparty_id, coalesce(t.type_of_set, b.counterparty_type) as counterparty_type,
    sum(b.protection_bought) as protection_bought, sum(b.on_own_names) as on_own_names, sum(b.without_value) > 0 as without_value,
    case when b.netting_set_id is null then sum(b.receivable) else greatest(sum(b.receivable - b.payable), 0) end as exposure,
    case when b.netting_set_id is null then sum(b.payable) else greatest(sum(b.payable - b.receivable), 0) end as liability
  from balances as b
  left join types as t on t.scope = b.scope and t.netting_set_id = b.netting_set_id and t.counterparty_id is not distinct from b.counterparty_id
  group by b.scope, b.netting_set_id, b.counterparty_id, coalesce(t.type_of_set, b.counterparty_type)
),
agreements as (
  select
    a.netting_set_id,
    sum(coalesce(convert_amount(a.held, n.numerator, n.denominator), 0)) as held,
    sum(coalesce(convert_amount(a.posted, n.numerator, n.denominator), 0)) as posted,
    sum(coalesce(convert_amount(a.independent_amount, n.numerator, n.denominator), 0)) as independent_amount,
    sum(coalesce(convert_amount(a.minimum_transfer, n.numerator, n.denominator), 0)) as minimum_transfer,
    sum(coalesce(convert_amount(case when a.recoverable_on_trigger then a.held end, n.numerator, n.denominator), 0)) as recoverable,
    sum(convert_amount(a.other_products_fair_value, n.numerator, n.denominator)) as other_products,
    sum(convert_amount(a.cva, n.numerator, n.denominator)) as cva,
    max(case when a.termination_trigger is not null or (a.threshold is not null and a.grade is not null) then 1 else 0 end) = 1 as contingent -- a threshold that no rating moves is none
  from collateral as a
  left join conversions as n on n.currency = a.currency
  group by a.netting_set_id
),
rules as (
  select
    r.netting_set_id, r.agency, {{.Notch "r.grade"}} as grade_notch, {{.Notch "r.termination_trigger"}} as termination_notch,
    coalesce(convert_amount(r.threshold, n.numerator, n.denominator), 0) as threshold
  from collateral as r
  left join conversions as n on n.currency = r.currency
),
notches_down as (
  select notches from (values (0), (1), (2), (3)) as m(notches)
),
decided as ( -- by whose rating, each agreement says for itself
  select
    s.scope, s.netting_set_id, s.counterparty_id, u.grade_notch, u.termination_notch, u.threshold,
    case
      when u.agency = 'sp' then c.sp
      when u.agency = 'moodys' then c.moodys
      when u.agency = 'fitch' then c.fitch
      when u.agency = 'higher' then nullif(least(coalesce(c.sp, 99), coalesce(c.moodys, 99), coalesce(c.fitch, 99)), 99)
      else nullif(greatest(coalesce(c.sp, 0), coalesce(c.moodys, 0), coalesce(c.fitch, 0)), 0)
    end as deciding_notch
  from sets as s
  join rules as u on u.netting_set_id = s.netting_set_id
  left join counterparties_as_of as c on c.counterparty_id = s.counterparty_id
),
triggered as ( -- nobody is rated below the last grade of the scale
  select
    d.scope, d.netting_set_id, d.counterparty_id, m.notches,
    sum(case when d.deciding_notch + m.notches > d.grade_notch and d.grade_notch < {{.LastNotch}} then 0 else d.threshold end) as threshold,
    max(case when d.deciding_notch + m.notches > d.termination_notch and d.termination_notch < {{.LastNotch}} then 1 else 0 end) = 1 as is_terminable,
    max(d.deciding_notch) as deciding_notch
  from decided as d
  cross join notches_down as m
  group by d.scope, d.netting_set_id, d.counterparty_id, m.notches
),
rated as (
  select
    s.*, m.notches, coalesce(t.is_terminable, false) as is_terminable, coalesce(t.threshold, 0) as threshold,
    coalesce(a.contingent, false) as contingent, coalesce(s.once * a.held, 0) as held, coalesce(s.once * a.posted, 0) as posted,
    coalesce(s.once * a.recoverable, 0) as recoverable, coalesce(a.minimum_transfer, 0) as minimum_transfer,
    coalesce(s.once * a.independent_amount, 0) as independent_amount, a.netting_set_id is not null as has_agreement, a.other_products is not null and a.cva is not null as all_products,
    s.exposure - s.liability as net, s.exposure - s.liability + coalesce(s.once * a.other_products, 0) as net_of_all, coalesce(s.once * a.cva, 0) as cva,
    case when t.scope is not null then t.deciding_notch else c.notch end as notch
  from (
    select *, case when row_number() over (partition by scope, netting_set_id order by counterparty_id) = 1 then 1 else 0 end as once
    from sets
  ) as s
  cross join notches_down as m
  left join agreements as a on a.netting_set_id = s.netting_set_id
  left join triggered as t
    on t.scope = s.scope and t.netting_set_id = s.netting_set_id and t.counterparty_id is not distinct from s.counterparty_id and t.notches = m.notches
  left join counterparties_as_of as c on c.counterparty_id = s.counterparty_id
),
secured as (
  select *, independent_amount - held - threshold as room, greatest(net_of_all, 0) as exposure_of_all
  from rated
),
called as ( -- what we owe counts against an independent amount
  select *, greatest(net + room, 0) as gap, greatest(net_of_all + room, 0) as gap_of_all
  from secured
),
settled as (
  select *,
    case when has_agreement and gap >= minimum_transfer then gap else 0 end as callable,
    case when all_products and gap_of_all >= minimum_transfer then gap_of_all else 0 end as callable_of_all
  from called
)
select
  netting_set_id, counterparty_id, cast(notches as varchar) as notches, notch is not null as is_rated, contingent, counterparty_type, without_value,
  coalesce(notch <= 10 and notch + notches > 10, false) as falls_below_investment,
  cast(exposure as decimal(18, 2)) as exposure,
  cast(liability as decimal(18, 2)) as liability,
  cast(held as decimal(18, 2)) as collateral_held,
  cast(posted as decimal(18, 2)) as collateral_posted,
  cast(recoverable as decimal(18, 2)) as recoverable,
  cast(callable as decimal(18, 2)) as collateral_callable,
  all_products,
  cast(case when all_products then exposure_of_all else 0 end as decimal(18, 2)) as all_products_exposure,
  cast(case when all_products then held else 0 end as decimal(18, 2)) as all_products_held,
  cast(callable_of_all as decimal(18, 2)) as all_products_callable,
  cast(case when all_products then cva else 0 end as decimal(18, 2)) as credit_valuation_adjustment,
  cast(case when all_products then greatest(exposure_of_all - held - callable_of_all - cva, 0) else 0 end as decimal(18, 2)) as residual,
  cast(case when contingent then greatest(liability - posted, 0) else 0 end as decimal(18, 2)) as settlement_on_trigger,
  cast(case when is_terminable then exposure else 0 end as decimal(18, 2)) as terminable,
  cast(protection_bought as decimal(18, 2)) as protection_bought,
  cast(on_own_names as decimal(18, 2)) as protection_on_own_names
  {{range .Scopes}}, case when scope = '{{.}}' then 'external' else 'out_of_scope' end as {{.}}{{end}}
from settled
